import { type Tensor, tensor, tidy, transpose } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { CheckpointError } from "../errors.js";
import type { Checkpoint } from "../io/checkpoint.js";
import { DTYPE_BITS, type Dtype } from "../io/dtypes.js";
import { toFloat32 } from "../io/to-float32.js";
import type { StoredWeight } from "./checkpoint-names.js";
import { firstNonFinite } from "./finite.js";
import { type Misfits, mismatchError, type Target } from "./mismatch-error.js";
import { type Parameter, parametersOf, type WeightLayout } from "./parameters.js";
import { notFinite } from "./prove-finite.js";
import { readScales } from "./read-scales.js";

/** What an engine must know to take a weight. */
export interface WeightSpec {
  /** In our spelling. */
  name: string;
  /** As stored: `[out, in]` for what is multiplied. */
  shape: readonly number[];
  dtype: Dtype;
  layout: WeightLayout;
  /** Of integers, dtype I8: what each of the first axis's rows is multiplied by. */
  scales?: Float32Array;
}

/**
 * Makes a tensor in the layer's layout of a stored weight. `fill` writes the weight's bytes, as the file has them, into a view of the
 * engine's choice, so that an engine with memory of its own reads them straight into their place: all of them, or as many as the view holds
 * from `begin` on, which is a multiple of an element.
 *
 * `fill` throws for NaN and infinities. An engine that looks for them itself says "later", and fills again with "now" where it found some.
 */
export type UploadWeight = (weight: WeightSpec, fill: FillWeight) => Tensor;
type FillWeight = (bytes: Uint8Array, begin?: number, check?: "now" | "later") => void;

/** A weight that does not stand in the file. */
export interface ComputedWeight {
  shape: readonly number[];
  values: Float32Array;
}

export interface LoadWeightsOptions {
  upload?: UploadWeight;
  /** Values made from the checkpoint instead of read from it, by our name: interpolated positions. */
  computed?: ReadonlyMap<string, ComputedWeight>;
  /** What to call the model when the weights do not fit it. */
  target?: Target;
  signal?: AbortSignal | undefined;
}

/** Dtypes that stand for real weights; integers in a float model are a quantized file of another program. */
const WEIGHT_DTYPES = /^(F32|F16|BF16|F8_E4M3|F8_E5M2)$/;

/**
 * Sets every parameter of a model from a checkpoint, all or none.
 *
 * @throws CheckpointError `checkpoint/mismatch` with all that is missing, unexpected, misshapen or double; `checkpoint/dtype`; `checkpoint/not-finite` for NaN and infinities
 */
export function loadWeights(
  model: LayersModel,
  checkpoint: Checkpoint,
  stored: ReadonlyMap<string, StoredWeight>,
  { upload = uploadToActiveBackend, computed = new Map(), target, signal }: LoadWeightsOptions = {},
): void {
  const parameters = parametersOf(model);
  checkWeights(parameters, stored, { computed, target });
  for (const { name, layout, storedShape, variable } of parameters) {
    signal?.throwIfAborted();
    const made = computed.get(name);
    const value = made
      ? tensor(made.values, [...made.shape])
      : upload(
          {
            name,
            shape: storedShape,
            dtype: stored.get(name)!.dtype as Dtype,
            layout,
            ...(stored.get(name)!.scales && { scales: readScales(checkpoint, stored.get(name)!) }),
          },
          fillFrom(checkpoint, stored.get(name)!),
        );
    variable.write(value); // takes the data over
    value.dispose();
  }
}

/**
 * Compares what a model has with what a checkpoint says that it holds.
 *
 * @throws CheckpointError `checkpoint/mismatch` with all that is missing, unexpected, misshapen or double; `checkpoint/dtype`
 */
export function checkWeights(
  parameters: readonly Parameter[],
  stored: ReadonlyMap<string, StoredWeight>,
  { computed = new Map(), target }: Pick<LoadWeightsOptions, "computed" | "target"> = {},
): void {
  const misfits = findMisfits(parameters, stored, computed);
  if (misfits) throw mismatchError(misfits, stored, target);
  for (const { name, layout } of parameters) {
    const weight = stored.get(name)!;
    if (!WEIGHT_DTYPES.test(weight.dtype) && !(weight.scales && layout === "transposed"))
      throw new CheckpointError(
        "checkpoint/dtype",
        `"${weight.name}" is stored as ${weight.dtype}; weights must be F32, F16, BF16 or F8, or matrices of I8 with a tensor of scales beside them. A checkpoint that another program quantized has to be exported in one of these.`,
        { details: { tensor: weight.name, dtype: weight.dtype } },
      );
  }
}

/** Reads a weight's rows, or a part of them, and proves that all of them are numbers, unless that is for later. */
function fillFrom(checkpoint: Checkpoint, { name, dtype, shape, firstRow }: StoredWeight): FillWeight {
  const rowBytes = (shape.slice(1).reduce((product, size) => product * size, 1) * DTYPE_BITS[dtype as Dtype]) / 8;
  return (bytes, skipped = 0, check = "now") => {
    const begin = firstRow * rowBytes + skipped;
    checkpoint.readIntoSync(name, bytes, { begin, end: begin + bytes.length });
    if (check === "later") return;
    const index = firstNonFinite(bytes, dtype as Dtype);
    if (index !== undefined) throw notFinite(name, index + begin / (DTYPE_BITS[dtype as Dtype] / 8));
  };
}

function findMisfits(
  parameters: readonly Parameter[],
  stored: ReadonlyMap<string, StoredWeight>,
  computed: ReadonlyMap<string, unknown>,
): Misfits | undefined {
  const known = new Set(parameters.map(({ name }) => name));
  const missing = parameters.filter(({ name }) => !stored.has(name)).map(({ name }) => name);
  const unexpected = [...stored].filter(([name]) => !known.has(name)).map(([, weight]) => weight.name);
  const misshapen = parameters.flatMap(({ name, storedShape }) => {
    const found = stored.get(name)?.shape;
    const fits = found === undefined || computed.has(name) || String(found) === String(storedShape);
    return fits ? [] : [{ name: stored.get(name)!.name, found, wanted: storedShape }];
  });
  return missing.length + unexpected.length + misshapen.length > 0 ? { missing, unexpected, misshapen } : undefined;
}

/** The plain way, for any TF.js backend: widen to float32, then bring the axes into TF.js's order. */
export const uploadToActiveBackend: UploadWeight = ({ shape, dtype, layout, scales }, fill) => {
  const size = shape.reduce((product, length) => product * length, 1);
  const bytes = new Uint8Array((size * DTYPE_BITS[dtype]) / 8);
  fill(bytes);
  const values = toFloat32(bytes, dtype);
  if (scales) scaleRows(values, scales);
  return tidy(() => {
    if (layout === "transposed") return transpose(tensor(values, [shape[0]!, size / shape[0]!]));
    const stored = tensor(values, [...shape]);
    if (layout === "convolution") return transpose(stored, [2, 3, 1, 0]);
    return layout === "depthwise" ? transpose(stored, [2, 3, 0, 1]) : stored;
  });
};

/** Integers into the numbers that they stand for. `[rows, columns]`, in place */
function scaleRows(values: Float32Array, scales: Float32Array): void {
  const columns = values.length / scales.length;
  for (const [row, scale] of scales.entries())
    for (let i = row * columns; i < (row + 1) * columns; i++) values[i]! *= scale;
}
