import "@tensorflow/tfjs-backend-cpu";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { DepthToSpace } from "./depth-to-space.js";

it("lays the channels of a pixel out as a block, row by row", async () => {
  const spread = new DepthToSpace({ block: 2 }).apply(tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 4])) as Tensor;
  expect(spread.shape).toEqual([1, 2, 4, 1]);
  expect([...(await spread.data())]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
});

it("says its shape before there is a picture, and keeps its block in its configuration", () => {
  const layer = new DepthToSpace({ name: "spread", block: 2 });
  expect(layer.computeOutputShape([1, 3, 5, 64])).toEqual([1, 6, 10, 16]);
  expect(layer.getConfig()).toMatchObject({ name: "spread", block: 2 });
});
