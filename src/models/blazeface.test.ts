import "@tensorflow/tfjs-backend-cpu";
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { BACK_CAMERA, blazeFace, SHORT_RANGE } from "./blazeface.js";
import { parametersOf } from "./parameters.js";

describe.each([
  { name: "short range", config: SHORT_RANGE, parameters: 101_390, tensors: 74 },
  { name: "back camera", config: BACK_CAMERA, parameters: 136_240, tensors: 138 },
])("blazeFace of the $name", ({ config, parameters, tensors }) => {
  const { model, outputs } = blazeFace(config);

  it("reads 896 boxes", () => {
    expect(outputs.get("classificators")!.shape).toEqual([null, 896]);
    expect(outputs.get("regressors")!.shape).toEqual([null, 896, 16]);
  });

  it(`has MediaPipe's ${parameters} parameters in ${tensors} tensors`, () => {
    expect(parametersOf(model)).toHaveLength(tensors);
    expect(model.countParams()).toBe(parameters);
  });
});

it("leaves no tensor behind when it is disposed", () => {
  const before = memory().numTensors;
  blazeFace(SHORT_RANGE).model.dispose();
  expect(memory().numTensors).toBe(before);
});
