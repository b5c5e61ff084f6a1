import "@tensorflow/tfjs-backend-cpu";
import { ones, type Tensor, tensor, zeros } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { SeparableConvolution, type SeparableConvolutionConfig } from "./separable-convolution.js";

/** Every filter sums what is under it, and every bias is zero. */
function summing(config: SeparableConvolutionConfig, channels: number): SeparableConvolution {
  const layer = new SeparableConvolution(config);
  layer.build([null as unknown as number, 2, 2, channels]);
  for (const weight of layer.weights) weight.write(/bias/.test(weight.originalName) ? zeros(weight.shape as number[]) : ones(weight.shape as number[])); // biome-ignore format: one line
  return layer;
}

it("filters each channel by itself, then mixes them", async () => {
  const x = tensor([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]);
  const y = summing({ channels: 1 }, 2).apply(x) as Tensor;
  expect(await y.array()).toEqual([[[[110], [110]], [[110], [110]]]]); // biome-ignore format: a picture
});

it("adds its own input, pooled and with zero channels, or a second one", async () => {
  const x = tensor([1, 2, 3, 4], [1, 2, 2, 1]);
  const own = summing({ channels: 2, stride: 2, shortcut: "input" }, 1).apply(x) as Tensor;
  expect(await own.array()).toEqual([[[[14, 10]]]]);
  const second = summing({ channels: 1, stride: 2, shortcut: "second", activation: "relu" }, 1);
  expect(await (second.apply([x, tensor([-11], [1, 1, 1, 1])]) as Tensor).array()).toEqual([[[[0]]]]);
});

it.each([
  { padding: "same", seen: [1, 1, 0, 0] },
  { padding: "even", seen: [0, 1, 0, 0] },
] as const)("begins with stride 2 where the padding $padding says", async ({ padding, seen }) => {
  const x = tensor([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 4, 4, 1]);
  const y = summing({ channels: 1, stride: 2, padding }, 1).apply(x) as Tensor;
  expect([...(await y.data())]).toEqual(seen);
});

it("says its shape before there is a picture, and comes back from its configuration", () => {
  const layer = new SeparableConvolution({ name: "block", channels: 5, stride: 2, shortcut: "input" });
  expect(layer.computeOutputShape([2, 9, 6, 3])).toEqual([2, 5, 3, 5]);
  const copy = new SeparableConvolution(layer.getConfig() as unknown as SeparableConvolutionConfig);
  expect(copy.getConfig()).toMatchObject({ name: "block", channels: 5, stride: 2, shortcut: "input" });
});
