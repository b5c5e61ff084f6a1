import "@tensorflow/tfjs-backend-cpu";
import { memory, ones, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { expect, it, vi } from "vitest";
import { LayerProgram } from "./layer-program.js";

const relu = () => layers.reLU();
const dense = (units: number) => layers.dense({ units, kernelInitializer: "ones" });
const join = (...symbols: SymbolicTensor[]) => layers.concatenate().apply(symbols) as SymbolicTensor;

/** Two ways that meet, one of them through a layer that hands its input through. */
function network() {
  const x = input({ shape: [3] });
  const wide = dense(4).apply(x) as SymbolicTensor;
  const same = layers.dropout({ rate: 0.5 }).apply(wide) as SymbolicTensor;
  const both = join(relu().apply(same) as SymbolicTensor, wide, wide);
  return { x, wide, both, narrow: dense(1).apply(both) as SymbolicTensor };
}

it("gives what the model predicts, for any of its tensors, and leaves no other tensor", () => {
  const { x, wide, both, narrow } = network();
  const whole = model({ inputs: x, outputs: [narrow, wide, both] });
  const pixels = ones([2, 3]);
  const wanted = (whole.predict(pixels) as Tensor[]).map((value) => value.arraySync());
  const before = memory().numTensors;
  const found = tidy(() => new LayerProgram(x, [narrow, wide, both]).run(pixels));
  expect(memory().numTensors).toBe(before + 3);
  expect(found.map((value) => value.arraySync())).toEqual(wanted);
});

it("calls no layer that the outputs do not need, and each other once", () => {
  const { x, wide } = network();
  const program = new LayerProgram(x, [wide, wide]);
  const call = vi.spyOn(wide.sourceLayer, "call");
  const [one, other] = tidy(() => program.run(ones([1, 3])));
  expect(call).toHaveBeenCalledTimes(1);
  expect(one).toBe(other);
});

it("holds no more tensors at a time than later layers read", () => {
  const x = input({ shape: [3] });
  let end: SymbolicTensor = x;
  for (let i = 0; i < 5; i++) end = relu().apply(end) as SymbolicTensor;
  const counts: number[] = [];
  const { sourceLayer } = end;
  const call = sourceLayer.call.bind(sourceLayer);
  vi.spyOn(sourceLayer, "call").mockImplementation((...given) => {
    counts.push(memory().numTensors);
    return call(...given);
  });
  const before = memory().numTensors;
  tidy(() => new LayerProgram(x, [end]).run(ones([1, 3])));
  expect(counts).toEqual([before + 2]);
});
