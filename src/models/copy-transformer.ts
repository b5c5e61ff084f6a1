import type { Tensor } from "@tensorflow/tfjs-core";
import { parametersOf } from "./parameters.js";
import { type VisionTransformer, type VisionTransformerConfig, visionTransformer } from "./vision-transformer.js";

/**
 * A transformer of its own with the same weights. They share memory until one of the two is given another weight, so a copy costs no more than
 * what is changed in it. Called with the weights' engine as TF.js's active one; the caller disposes `model`.
 */
export function copyTransformer(original: VisionTransformer, config: VisionTransformerConfig): VisionTransformer {
  const copy = visionTransformer(config);
  const weights = new Map(parametersOf(original.model).map(({ name, variable }) => [name, variable.read() as Tensor]));
  for (const { name, variable } of parametersOf(copy.model)) variable.write(weights.get(name)!);
  return copy;
}
