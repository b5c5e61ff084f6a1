import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type SeparableOptions, separableConvolution } from "../../ops/separable-convolution.js";
import { describeKernel, type KernelCase, seeded, useConfiguration } from "../kernel.testing.js";

type Four = [number, number, number, number];
type Case = Omit<SeparableOptions, "shortcut"> & { x: Four; channels: number; shortcut?: Four };

const weights = (depthwiseKernel: tf.Tensor, depthwiseBias: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) => ({
  depthwiseKernel,
  depthwiseBias,
  kernel,
  bias,
});

const separable = ({ x, channels, shortcut, ...options }: Case): Record<string, KernelCase> => ({
  [`[${x}] to ${channels} channels, stride ${options.stride}, ${options.padding}, ${shortcut ? `[${shortcut}] beside it` : "alone"}`]:
    {
      inputs: [x, [3, 3, x[3], 1], [x[3]], [1, 1, x[3], channels], [channels], ...(shortcut ? [shortcut] : [])],
      compute: (x, filter, filterBias, kernel, bias, beside) =>
        separableConvolution(x!, weights(filter!, filterBias!, kernel!, bias!), { ...options, shortcut: beside }),
      gradientBound: 1e-5,
    },
});

describeKernel("VitrailSeparableConvolution", {
  ...separable({
    x: [1, 8, 8, 24],
    channels: 28,
    stride: 1,
    padding: "same",
    shortcut: [1, 8, 8, 24],
    activation: "relu",
  }),
  ...separable({
    x: [2, 8, 12, 42],
    channels: 48,
    stride: 2,
    padding: "same",
    shortcut: [2, 8, 12, 42],
    activation: "relu",
  }),
  ...separable({ x: [2, 9, 7, 33], channels: 17, stride: 2, padding: "even" }),
  ...separable({ x: [3, 1, 1, 1], channels: 1, stride: 1, padding: "same", activation: "relu" }),
  ...separable({ x: [1, 31, 33, 5], channels: 7, stride: 1, padding: "even", shortcut: [1, 31, 33, 6] }),
  ...separable({ x: [1, 2, 3, 100], channels: 31, stride: 2, padding: "same", shortcut: [1, 2, 4, 31] }),
});

describe("VitrailSeparableConvolution", () => {
  it("gives the very bits of its ops one after another", async () => {
    const backend = await useConfiguration("3x12 blocks, 2 threads");
    const inputs = [[1, 16, 16, 42], [3, 3, 42, 1], [42], [1, 1, 42, 48], [48]].map((shape, i) => seeded(shape, i + 1));
    const [x, filter, filterBias, kernel, bias] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const compute = (own: tf.Tensor) =>
      separableConvolution(x, weights(own, filterBias, kernel, bias), {
        stride: 2,
        padding: "same",
        shortcut: x,
        activation: "relu",
      });
    const whole = tf.tidy(() => compute(filter)).dataSync();
    let apart: tf.Tensor | undefined;
    // On a tape it is the ops.
    tf.tidy(() =>
      tf.grad((own: tf.Tensor) => {
        apart = tf.keep(compute(own));
        return apart;
      })(filter),
    );
    expect(whole.some((value) => value > 0)).toBe(true);
    expect(whole).toEqual(apart!.dataSync());
    await backend.pool.dispose();
  });

  it("refuses shapes that do not fit with `engine/shape`", async () => {
    const backend = await useConfiguration("3x12 blocks, 2 threads");
    const run = (shapes: number[][]) => {
      const [x, filter, filterBias, kernel, bias, shortcut] = shapes.map((shape) => tf.zeros(shape));
      return separableConvolution(x!, weights(filter!, filterBias!, kernel!, bias!), {
        stride: 1,
        padding: "same",
        shortcut,
      });
    };
    const good = [[1, 4, 4, 8], [3, 3, 8, 1], [8], [1, 1, 8, 9], [9], [1, 4, 4, 8]];
    expect(run(good).shape).toEqual([1, 4, 4, 9]);
    for (const [at, shape] of [
      [1, [3, 3, 7, 1]],
      [2, [7]],
      [3, [1, 1, 7, 9]],
      [4, [8]],
      [5, [1, 4, 4, 10]],
      [5, [1, 9, 9, 8]],
    ] as const)
      expect(() => run(good.with(at, [...shape]))).toThrow(expect.objectContaining({ code: "engine/shape" }));
    await backend.pool.dispose();
  });
});
