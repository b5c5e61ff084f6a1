import "@tensorflow/tfjs-backend-cpu";
import { ones, type Tensor, zeros } from "@tensorflow/tfjs-core";
import { input, model } from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { type ConvolutionOptions, convolution, depthwise } from "./convolutions.js";

/** Sums of the 3 x 3 neighborhoods of a picture of ones: how many of the nine pixels lie inside. */
async function neighbors(options: ConvolutionOptions, layer: "convolution" | "depthwise") {
  const picture = input({ shape: [4, 4, 1] });
  const output =
    layer === "convolution"
      ? convolution(picture, "sum", { kernel: 3, channels: 1, ...options })
      : depthwise(picture, "sum", options);
  const sum = model({ inputs: picture, outputs: output });
  sum.layers.at(-1)!.setWeights([ones([3, 3, 1, 1]), zeros([1])]);
  return [...(await (sum.predict(ones([1, 4, 4, 1])) as Tensor).data())];
}

describe.each(["convolution", "depthwise"] as const)("%s", (layer) => {
  it("pads as TensorFlow does: with stride 2, only at the bottom right", async () => {
    expect(await neighbors({ stride: 2 }, layer)).toEqual([9, 6, 6, 4]);
  });

  it("pads evenly, as PyTorch does, when asked to", async () => {
    expect(await neighbors({ stride: 2, padding: "even" }, layer)).toEqual([4, 6, 6, 9]);
  });

  it("pads the same either way with stride 1", async () => {
    expect(await neighbors({ padding: "even" }, layer)).toEqual(await neighbors({}, layer));
  });
});
