import { CheckpointError } from "../errors.js";
import type { Checkpoint } from "../io/checkpoint.js";
import { DTYPE_BITS } from "../io/dtypes.js";
import { firstNonFinite } from "./finite.js";

/** Read at once, bytes. */
const PIECE_BYTES = 4 << 20;

/**
 * Reads tensors through, piece after piece, and proves that all of them are numbers, for engines that read a file themselves.
 *
 * @throws CheckpointError `checkpoint/not-finite`; WeightsFileError; `signal.reason`
 */
export async function proveFinite(
  checkpoint: Checkpoint,
  names: Iterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (const name of names) {
    const { dtype, byteLength } = checkpoint.tensors.get(name)!;
    for (let begin = 0; begin < byteLength; begin += PIECE_BYTES) {
      signal?.throwIfAborted();
      const end = Math.min(begin + PIECE_BYTES, byteLength);
      const bytes = piece.subarray(0, end - begin);
      await checkpoint.readInto(name, bytes, { begin, end });
      const index = firstNonFinite(bytes, dtype);
      if (index !== undefined) throw notFinite(name, index + (begin * 8) / DTYPE_BITS[dtype]);
    }
  }
}

/** @param element its index in the stored tensor */
export function notFinite(tensor: string, element: number): CheckpointError {
  return new CheckpointError(
    "checkpoint/not-finite",
    `"${tensor}" holds NaN or infinity (first at element ${element}). The file is damaged or its training diverged: take another.`,
    { details: { tensor, element } },
  );
}
