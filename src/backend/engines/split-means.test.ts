import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../engine.js";

beforeAll(() => useEngine({ engine: "wasm" }));

describe("means of the engine wasm", () => {
  // In one chain the errors are 5.5e-7, 9.6e-7 and 9.7e-7.
  it.each([
    [1, [1, 1024, 64]],
    [-1, [64, 4096]],
    [0, [3072, 3, 2]],
  ])("along axis %d of %j differ from float64's by 1.5e-7 at most", (axis, shape) => {
    tf.tidy(() => {
      const x = tf.randomUniform(shape, 1, 2, "float32", 7);
      const along = (axis + shape.length) % shape.length;
      const [length, inner] = [shape[along]!, shape.slice(along + 1).reduce((a, b) => a * b, 1)];
      const values = x.dataSync();
      const exact = new Float64Array(values.length / length);
      values.forEach((value, i) => {
        exact[Math.floor(i / inner / length) * inner + (i % inner)]! += value / length;
      });
      const found = tf.mean(x, axis);
      expect(found.shape).toEqual(shape.filter((_, i) => i !== along));
      const errors = [...found.dataSync()].map((value, i) => value / exact[i]! - 1);
      expect(Math.hypot(...errors) / Math.sqrt(errors.length)).toBeLessThan(1.5e-7);
    });
  });

  it.each([
    [undefined, true, [1, 1]],
    [0, true, [1, 3]],
    [[0, 1], false, []],
    [0, false, [3]],
  ])("along %j, keepDims %s, are of shape %j and leave no data behind", (axis, keepDims, shape) => {
    for (const length of [257, 258, 1000]) {
      const before = tf.backend().numDataIds();
      tf.tidy(() => {
        const mean = tf.mean(tf.fill([length, 3], 5), axis, keepDims);
        expect(mean.shape).toEqual(shape);
        for (const value of mean.dataSync()) expect(value).toBeCloseTo(5, 5);
      });
      expect(tf.backend().numDataIds()).toBe(before);
    }
  });
});
