import { availableParallelism } from "node:os";
import process from "node:process";
import util from "node:util";
import type { KernelBackend } from "@tensorflow/tfjs-core";
import type { PeerEngine } from "./peer-engine.js";

/** What of tfjs-node's backend is read here. */
type NodeBackend = KernelBackend & { isUsingGpuDevice?: boolean };

export const usesGpu = (backend: KernelBackend): boolean => (backend as NodeBackend).isUsingGpuDevice === true;

/** TensorFlow's library reads its number of threads from here, when it starts. */
const THREADS = "TF_NUM_INTRAOP_THREADS";

/** TensorFlow's own library through `@tensorflow/tfjs-node`. */
export const tensorflow: PeerEngine = {
  name: "tensorflow",
  backend: "tensorflow",
  packages: ["@tensorflow/tfjs-node"],
  prepare({ threads }) {
    mendUtil();
    // Warnings and errors, not what the library tells about itself.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
    if (threads !== undefined) process.env[THREADS] ??= String(threads);
  },
  describe: () => ({ threads: Number(process.env[THREADS]) || availableParallelism(), simd: "native" }),
};

/** The same on a GPU of NVIDIA's. */
export const tensorflowGpu: PeerEngine = {
  ...tensorflow,
  name: "tensorflow-gpu",
  packages: ["@tensorflow/tfjs-node-gpu"],
  refuse: (backend) => (usesGpu(backend) ? undefined : "TensorFlow finds no GPU"),
  describe: (backend) => ({ ...tensorflow.describe(backend), device: "GPU" }),
};

/** tfjs-node 4.22 calls two functions of `node:util` that Node deprecated, with warnings, and removed in 23; a release that does not never came. */
function mendUtil(): void {
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}
