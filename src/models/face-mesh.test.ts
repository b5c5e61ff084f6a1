import "@tensorflow/tfjs-backend-cpu";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { FACE_MESH, faceMesh } from "./face-mesh.js";
import { parametersOf } from "./parameters.js";

it("has MediaPipe's 604685 parameters in 113 tensors, and leaves none behind when it is disposed", () => {
  const before = memory().numTensors;
  const { model, outputs } = faceMesh(FACE_MESH);
  expect(parametersOf(model)).toHaveLength(113);
  expect(model.countParams()).toBe(604_685);
  expect([...outputs].map(([name, { shape }]) => [name, shape])).toEqual([
    ["points", [null, 1404]],
    ["presence", [null, 1]],
  ]);
  model.dispose();
  expect(memory().numTensors).toBe(before);
});
