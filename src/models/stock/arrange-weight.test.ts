import { describe, expect, it } from "vitest";
import { arrangeWeight } from "./arrange-weight.js";

describe("arrangeWeight", () => {
  const counted = (length: number) => Float32Array.from({ length }, (_, i) => i);

  it("brings matrices and filters into TF.js's order", () => {
    expect([...arrangeWeight(counted(6), [2, 3], "transposed")]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...arrangeWeight(counted(8), [2, 1, 2, 2], "convolution")]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect([...arrangeWeight(counted(8), [2, 1, 2, 2], "depthwise")]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect([...arrangeWeight(counted(8), [2, 2, 2, 1], "convolution")]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  });
});
