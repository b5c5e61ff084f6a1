import { dispose, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { describeKernel, type KernelCase, seeded, useConfiguration } from "../backend/kernel.testing.js";
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

describe("attention's memory", () => {
  /** The most bytes that the engine held beside the inputs. */
  async function needed(batch: number, tokens: number): Promise<number> {
    const backend = await useConfiguration("3x12 blocks, 2 threads");
    const shape = [batch, tokens, 64];
    const inputs = [1, 2, 3].map((seed) => seeded(shape, seed));
    for (const input of inputs) backend.address(input);
    const before = backend.memoryBlocks.inUse;
    tidy(() => attention(inputs[0]!, inputs[1]!, inputs[2]!, 2));
    const { peak } = backend.memoryBlocks;
    dispose(inputs);
    await backend.pool.dispose();
    return peak - before;
  }

  it("grows as batch and tokens do, and never with batch × tokens²", async () => {
    const scores = 8 * 2 * 1025 ** 2 * 4; // 67 MB, were they kept
    const one = await needed(1, 1025);
    const eight = await needed(8, 1025);
    expect(eight).toBeLessThan(8.1 * one);
    expect(eight).toBeLessThan(scores / 5);
    expect(await needed(1, 4 * 1025)).toBeLessThan(4.4 * one);
  });
});
