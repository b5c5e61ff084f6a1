import { env } from "@tensorflow/tfjs-core";
import type { PeerEngine } from "./peer-engine.js";
import { splitMeans } from "./split-means.js";
import { splitProducts } from "./split-products.js";

/** TF.js's own WebAssembly backend, which has one thread in Node. */
export const wasm: PeerEngine = {
  name: "wasm",
  backend: "wasm",
  packages: ["@tensorflow/tfjs-backend-wasm"],
  mend() {
    splitProducts();
    splitMeans();
  },
  describe: () => ({ threads: 1, simd: env().getBool("WASM_HAS_SIMD_SUPPORT") ? "plain" : "none" }),
};
