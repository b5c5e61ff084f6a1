import { backend, engine, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { EngineError } from "../errors.js";
import type { Fill } from "./matrix-formats/matrix-format.js";
import { type ElementKind, elementBytes } from "./tasks/pack.js";
import { VitrailBackend, type WeightPrecision } from "./vitrail-backend.js";
import { LONGEST_QUANTIZED } from "./wasm/quantized-tiles.js";

/** A weight as a checkpoint stores it. */
export interface StoredWeight {
  /** Of our spelling: "blocks.0.attn.q.weight". */
  readonly name?: string;
  readonly shape: readonly number[];
  /** As safetensors names it: "F32", "F16", "BF16" ... */
  readonly dtype: string;
  /** "same": the layer wants it as it is; "transposed": stored `[out, ...in]`, wanted `[in, out]`. */
  readonly layout: string;
  /** Of integers, dtype "I8": what each of the first axis's rows is multiplied by. */
  readonly scales?: Float32Array;
}

/** "as-stored": integers with scales stay integers, all else is float32. */
export type UploadPrecision = WeightPrecision | "as-stored";

/** Makes a tensor of a weight whose bytes `fill` writes into the view that it is given. */
export type Upload<Weight extends StoredWeight> = (weight: Weight, fill: Fill) => Tensor;

const isElementKind = (dtype: string): dtype is ElementKind => Object.hasOwn(elementBytes, dtype);

/** Layers that keep float32 beside quantized ones: what is small, or at a model's ends, where an error does the most harm. */
const IN_A_BLOCK = /^blocks\./;

/**
 * The way for weights into our backend: the file's bytes are read into the engine's memory, and widened and packed from there on all threads
 * into the only copy that there will be. What that does not cover, other backends, other dtypes and other layouts, goes `otherwise`.
 *
 * With "float16", the matrices of a model's blocks stay, or are rounded to, half the size, and are widened as they are used. With "int8", they
 * become small integers with a scale for each output, and the rows that they meet are quantized as they come. What is stored as such integers
 * goes into the engine as it is "as-stored", and `otherwise` with every other precision.
 *
 * The returned function throws EngineError `engine/dtype` where the active engine can't keep a precision,
 * and `engine/float16-range` for weights above 65504.
 *
 * Give it to whatever loads a model: `assembleModel(config, checkpoint, { upload: uploadWeights(uploadToActiveBackend) })`.
 */
export function uploadWeights<Weight extends StoredWeight>(
  otherwise: Upload<Weight>,
  precision: UploadPrecision = "float32",
): Upload<Weight> {
  return (weight, fill) => {
    const active = backend();
    const { name = "", shape, dtype, layout, scales } = weight;
    if (precision !== "float32" && !(active instanceof VitrailBackend))
      throw new EngineError(
        "engine/dtype",
        `The engine "${getBackend()}" keeps weights as float32 only; "${precision}" needs the engine "vitrail".`,
      );
    const isKnownLayout = layout === "same" || layout === "transposed";
    if (!(active instanceof VitrailBackend) || !isKnownLayout || shape.includes(0)) return otherwise(weight, fill);
    const [out, ...rest] = shape as [number, ...number[]];
    const inputs = rest.reduce((a, b) => a * b, 1);
    const isTooLong = inputs > LONGEST_QUANTIZED[active.plan.quantized.kind];
    if (precision === "as-stored" && scales && !isTooLong) return integers(active, [inputs, out], scales, fill);
    if (!isElementKind(dtype)) return otherwise(weight, fill);
    const isKept = precision === "as-stored" || (precision === "int8" && isTooLong) || !IN_A_BLOCK.test(name);
    const kept = isKept ? "float32" : precision;
    const tensor =
      layout === "transposed"
        ? active.uploadMatrix([inputs, out], dtype, kept, fill)
        : active.upload([...shape], dtype, fill);
    return engine().makeTensorFromTensorInfo(tensor, active);
  };
}

/** Stored integers, widened to float32 half a megabyte at a time on their way into the engine's panels. */
function integers(
  active: VitrailBackend,
  size: [inputs: number, outputs: number],
  scales: Float32Array,
  fill: Fill,
): Tensor {
  const info = active.uploadIntegers(size, scales, (bytes, begin) => {
    const stored = new Int8Array(bytes.length / 4);
    fill(new Uint8Array(stored.buffer), begin / 4);
    new Float32Array(bytes.buffer, bytes.byteOffset, stored.length).set(stored);
  });
  return engine().makeTensorFromTensorInfo(info, active);
}
