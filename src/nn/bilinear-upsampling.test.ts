import "@tensorflow/tfjs-backend-cpu";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { BilinearUpsampling } from "./bilinear-upsampling.js";

it("enlarges as torch.nn.functional.interpolate does with align_corners=False", async () => {
  const enlarged = new BilinearUpsampling({ factor: 2 }).apply(tensor([0, 4, 8, 20], [1, 2, 2, 1])) as Tensor;
  expect(enlarged.shape).toEqual([1, 4, 4, 1]);
  expect([...(await enlarged.data())]).toEqual([0, 1, 3, 4, 2, 3.5, 6.5, 8, 6, 8.5, 13.5, 16, 8, 11, 17, 20]);
});

it("says its shape before there is a picture, and keeps its factor in its configuration", () => {
  const layer = new BilinearUpsampling({ name: "up", factor: 3 });
  expect(layer.computeOutputShape([2, 5, 7, 9])).toEqual([2, 15, 21, 9]);
  expect(layer.getConfig()).toMatchObject({ name: "up", factor: 3 });
});
