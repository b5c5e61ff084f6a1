import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import { attention } from "./attention.js";

const sizes = (batch: number, tokens: number, heads: number, size: number, scale = 1): KernelCase => {
  const shape = [batch, tokens, heads * size];
  return {
    inputs: [shape, shape, shape],
    scale,
    compute: (queries, keys, values) => attention(queries!, keys!, values!, heads),
  };
};

describeKernel("attention", {
  "one token": sizes(1, 1, 2, 16),
  "5 tokens of heads of 4": sizes(2, 5, 3, 4),
  "21 tokens, 2 pictures": { ...sizes(2, 21, 3, 16), gradientBound: 1e-5 },
  "heads of 6, by composition": sizes(1, 9, 2, 6),
  "heads of 20": sizes(1, 33, 2, 20),
  "heads of 80": sizes(1, 47, 1, 80),
  "197 tokens, as many as one block of keys has": { ...sizes(1, 197, 2, 64), gradientBound: 1e-5 },
  "257 tokens, two blocks": sizes(1, 257, 2, 32),
  "600 tokens, with scores up to 40": { ...sizes(1, 600, 1, 16, 8), bound: 2e-5 },
});
