import "@tensorflow/tfjs-backend-cpu";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { ZeroBorder } from "./zero-border.js";

it("puts zeros on all four sides", async () => {
  const framed = new ZeroBorder({ border: 1 }).apply(tensor([1, 2, 3, 4], [1, 1, 2, 2])) as Tensor;
  expect(framed.shape).toEqual([1, 3, 4, 2]);
  const nothing = [0, 0, 0, 0, 0, 0, 0, 0];
  expect([...(await framed.data())]).toEqual([...nothing, 0, 0, 1, 2, 3, 4, 0, 0, ...nothing]);
});

it("says its shape before there is a picture, and keeps its border in its configuration", () => {
  const layer = new ZeroBorder({ name: "frame", border: 2 });
  expect(layer.computeOutputShape([1, 5, 7, 3])).toEqual([1, 9, 11, 3]);
  expect(layer.getConfig()).toMatchObject({ name: "frame", border: 2 });
});
