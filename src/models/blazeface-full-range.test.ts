import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { blazeFaceFullRange, FULL_RANGE } from "./blazeface-full-range.js";
import { parametersOf } from "./parameters.js";

describe("blazeFaceFullRange", () => {
  const { model, outputs } = blazeFaceFullRange(FULL_RANGE);

  it("reads one box for each of 48 x 48 cells", () => {
    expect(outputs.get("classificators")!.shape).toEqual([null, 2304]);
    expect(outputs.get("regressors")!.shape).toEqual([null, 2304, 16]);
  });

  it("has the 508,308 parameters of MediaPipe's sparse model in 182 tensors", () => {
    expect(parametersOf(model)).toHaveLength(182);
    expect(model.countParams()).toBe(508_308);
  });
});
