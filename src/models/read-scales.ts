import { CheckpointError } from "../errors.js";
import type { Checkpoint } from "../io/checkpoint.js";
import type { StoredWeight } from "./checkpoint-names.js";

/**
 * The scales of a quantized weight's rows, proved: `[rows]`, or `[rows, 1]` as compressed-tensors stores them, of F32, each a positive number.
 *
 * @throws CheckpointError `checkpoint/scales`
 */
export function readScales(checkpoint: Checkpoint, { name, shape, firstRow, scales }: StoredWeight): Float32Array {
  const stored = checkpoint.tensors.get(scales!)!;
  const rows = checkpoint.tensors.get(name)!.shape[0]!;
  const fail = (found: string) =>
    new CheckpointError(
      "checkpoint/scales",
      `"${scales}" ${found}; wanted a positive F32 number for each of the ${rows} rows of "${name}". The file is damaged or of another program: quantize the model again.`,
      { details: { tensor: scales, weight: name } },
    );
  const fits = String(stored.shape) === String([rows]) || String(stored.shape) === String([rows, 1]);
  if (stored.dtype !== "F32" || !fits) throw fail(`is ${stored.dtype} [${stored.shape}]`);
  const values = new Float32Array(shape[0]!);
  const begin = firstRow * 4;
  checkpoint.readIntoSync(scales!, new Uint8Array(values.buffer), { begin, end: begin + values.byteLength });
  const wrong = values.findIndex((value) => !(value > 0 && value < Number.POSITIVE_INFINITY));
  if (wrong >= 0) throw fail(`has ${values[wrong]} for row ${firstRow + wrong}`);
  return values;
}
