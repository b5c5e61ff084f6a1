import { backend, engine, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { EngineError } from "../errors.js";
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
}

/** Makes a tensor of a weight whose bytes, from `begin` on, `fill` writes into the view that it is given. */
export type Upload<Weight extends StoredWeight> = (
  weight: Weight,
  fill: (bytes: Uint8Array, begin?: number) => void,
) => Tensor;

const isElementKind = (dtype: string): dtype is ElementKind => Object.hasOwn(elementBytes, dtype);

/** Layers that keep float32 beside quantized ones: what is small, or at a model's ends, where an error does the most harm. */
const IN_A_BLOCK = /^blocks\./;

/**
 * The way for weights into our backend: the file's bytes are read into the engine's memory, and widened and packed from there on all threads
 * into the only copy that there will be. What that does not cover, other backends, other dtypes and other layouts, goes `otherwise`.
 *
 * With "float16", the matrices of a model's blocks stay, or are rounded to, half the size, and are widened as they are used. With "int8", they
 * become small integers with a scale for each output, and the rows that they meet are quantized as they come.
 *
 * The returned function throws EngineError `engine/dtype` where the active engine can't keep a precision,
 * and `engine/float16-range` for weights above 65504.
 *
 * Give it to whatever loads a model: `assembleModel(config, checkpoint, { upload: uploadWeights(uploadToActiveBackend) })`.
 */
export function uploadWeights<Weight extends StoredWeight>(
  otherwise: Upload<Weight>,
  precision: WeightPrecision = "float32",
): Upload<Weight> {
  return (weight, fill) => {
    const active = backend();
    const { name = "", shape, dtype, layout } = weight;
    if (precision !== "float32" && !(active instanceof VitrailBackend))
      throw new EngineError(
        "engine/dtype",
        `The engine "${getBackend()}" keeps weights as float32 only; "${precision}" needs the engine "vitrail".`,
      );
    const isKnownLayout = layout === "same" || layout === "transposed";
    if (!(active instanceof VitrailBackend) || !isElementKind(dtype) || !isKnownLayout || shape.includes(0))
      return otherwise(weight, fill);
    const [out, ...rest] = shape as [number, ...number[]];
    const inputs = rest.reduce((a, b) => a * b, 1);
    const isTooLong = precision === "int8" && inputs > LONGEST_QUANTIZED[active.plan.quantized.kind];
    const kept = IN_A_BLOCK.test(name) && !isTooLong ? precision : "float32";
    const tensor =
      layout === "transposed"
        ? active.uploadMatrix([inputs, out], dtype, kept, fill)
        : active.upload([...shape], dtype, fill);
    return engine().makeTensorFromTensorInfo(tensor, active);
  };
}
