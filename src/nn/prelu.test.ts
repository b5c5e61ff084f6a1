import "@tensorflow/tfjs-backend-cpu";
import { prelu, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { Prelu } from "./prelu.js";

it("keeps what is positive and scales the rest by its channel's slope: the bits of TF.js's prelu", async () => {
  const layer = new Prelu({ name: "activation" });
  const x = tensor([1.1, -2.3, 0, -0.7, 5, -1e-20], [1, 1, 3, 2]);
  layer.apply(x);
  const slope = tensor([0.3, -1.7]);
  layer.setWeights([slope]);
  expect([...(await (layer.apply(x) as Tensor).data())]).toEqual([...(await prelu(x, slope).data())]);
});

it("has one slope a channel, and says its shape before there is a picture", () => {
  const layer = new Prelu({ name: "activation" });
  layer.build([null, 4, 4, 7] as number[]);
  expect(layer.weights.map(({ shape }) => shape)).toEqual([[7]]);
  expect(layer.computeOutputShape([2, 4, 4, 7])).toEqual([2, 4, 4, 7]);
});
