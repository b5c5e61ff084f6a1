import "@tensorflow/tfjs-backend-cpu";
import { findBackend, findBackendFactory, registerBackend } from "@tensorflow/tfjs-core";
import { registerGradients } from "../ops/register-gradients.js";
import { isRevectorizationAsked } from "./configure-engine.js";
import { choosePlan } from "./kernel-plan.js";
import { attention, attentionGradient } from "./kernels/attention.js";
import { concat } from "./kernels/concat.js";
import { conv2d, depthwiseConv2d, fusedConv2d, fusedDepthwiseConv2d, maxPool } from "./kernels/convolution.js";
import { registerKernels } from "./kernels/define-kernel.js";
import {
  add,
  gelu,
  geluGradient,
  multiply,
  neg,
  realDiv,
  relu,
  sigmoid,
  sqrt,
  square,
  sub,
  swiglu,
} from "./kernels/element-wise.js";
import { batchMatMul, fusedMatMul } from "./kernels/mat-mul.js";
import { linear } from "./kernels/matrix-product.js";
import { imagePatches, layerNorm, layerNormGradient, rotary, softmax } from "./kernels/rows.js";
import { separableConvolution } from "./kernels/separable-convolution.js";
import { pad, slice, splitV } from "./kernels/slice.js";
import { mean, sum } from "./kernels/sum.js";
import { transpose } from "./kernels/transpose.js";
import { processorCount } from "./threads-node.js";
import { BACKEND_NAME, VitrailBackend } from "./vitrail-backend.js";

const KERNELS = [
  add,
  attention,
  attentionGradient,
  batchMatMul,
  concat,
  conv2d,
  depthwiseConv2d,
  fusedConv2d,
  fusedDepthwiseConv2d,
  fusedMatMul,
  gelu,
  geluGradient,
  imagePatches,
  layerNorm,
  layerNormGradient,
  linear,
  maxPool,
  mean,
  multiply,
  neg,
  pad,
  realDiv,
  relu,
  rotary,
  separableConvolution,
  sigmoid,
  slice,
  splitV,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  swiglu,
  transpose,
];

export interface VitrailOptions {
  /** Threads that compute, the calling one included. Default: as many as the process may use, at most 16. */
  threads?: number | undefined;
}

/** More threads than this wait for memory, not for arithmetic. */
const MOST_DEFAULT_THREADS = 16;

/**
 * Makes our backend known to TF.js under the name "vitrail", with its kernels and gradients, without making it the active one. A backend that
 * is there already is only given the number of threads that is asked for.
 */
export function registerVitrailBackend({ threads }: VitrailOptions = {}): void {
  const count = threads ?? Math.min(processorCount(), MOST_DEFAULT_THREADS);
  if (findBackendFactory(BACKEND_NAME)) {
    const known = findBackend(BACKEND_NAME);
    if (threads !== undefined && known instanceof VitrailBackend) known.pool.resize(count);
    return;
  }
  const plan = choosePlan({ revectorize: isRevectorizationAsked() });
  registerKernels(KERNELS);
  registerGradients();
  registerBackend(BACKEND_NAME, () => new VitrailBackend(plan, count), 0);
}
