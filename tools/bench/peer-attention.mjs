// The engine's attention over the tokens of an EVA-02-B at 448 px, or a plain product of as many multiply-adds: what the attention would
// take if it were nothing but its two products at full speed.
import { dispose, tensor, variable } from "@tensorflow/tfjs-core";
import { pictures, serve } from "./serve.mjs";

const { what, folder, threads } = JSON.parse(process.argv[2]);
const TOKENS = 1025;
const HEADS = 12;
const WIDTH = 768;

await serve(async () => {
  const { loadModel, describeEngine } = await import("../../dist/index.js");
  const { Attention, Linear } = await import("../../dist/nn.js");
  // An engine starts with the first model.
  await loadModel(folder, { engine: "vitrail", threads });
  const random = (...shape) => variable(tensor(pictures(shape.reduce((a, b) => a * b)), shape));
  const inputs = [1, 2, 3].map(() => random(1, TOKENS, WIDTH));
  const facts = () => ({ node: process.versions.node, simd: describeEngine().simd });
  if (what === "products") {
    // 4 · tokens² · width operations, as both products of an attention have, within a thousandth.
    const product = new Linear({ units: 2 * (TOKENS - 1), bias: "none" });
    product.build([1, TOKENS, WIDTH]);
    product.setWeights([random(WIDTH, 2 * (TOKENS - 1))]);
    return { run: () => dispose(product.apply(inputs[0])), facts };
  }
  const attention = new Attention({ heads: HEADS, precision: what === "int8 attention" ? "int8" : "float32" });
  return { run: () => dispose(attention.apply(inputs)), facts };
});
