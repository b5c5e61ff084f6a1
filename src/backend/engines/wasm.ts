import { env } from "@tensorflow/tfjs-core";
import type { PeerEngine } from "./peer-engine.js";

/** TF.js's own WebAssembly backend, which has one thread in Node. */
export const wasm: PeerEngine = {
  name: "wasm",
  backend: "wasm",
  packages: ["@tensorflow/tfjs-backend-wasm"],
  describe: () => ({ threads: 1, simd: env().getBool("WASM_HAS_SIMD_SUPPORT") ? "plain" : "none" }),
};
