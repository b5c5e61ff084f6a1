import { registerGradient } from "@tensorflow/tfjs-core";
import { geluKernelGradient } from "./activation.js";
import { attentionGradient } from "./attention.js";
import { imagePatchesGradient } from "./image-patches.js";
import { layerNormGradient } from "./layer-norm.js";
import { linearGradient } from "./linear.js";
import { rotaryGradient } from "./rotary.js";
import { swigluGradient } from "./swiglu.js";

/** Tells TF.js the gradients of our fused kernels. For a backend that has such kernels; compositions have TF.js's own gradients. */
export function registerGradients(): void {
  for (const gradient of [
    attentionGradient,
    geluKernelGradient,
    imagePatchesGradient,
    layerNormGradient,
    linearGradient,
    rotaryGradient,
    swigluGradient,
  ])
    registerGradient(gradient);
}
