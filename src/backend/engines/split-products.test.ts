import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../engine.js";
import { splitProducts } from "./split-products.js";

beforeAll(() => useEngine({ engine: "wasm" }));

/** Numbers of a normal distribution, the same in each run. */
const normal = (count: number, seed: number) =>
  tf.tidy(() => tf.randomNormal([count], 0, 1, "float32", seed).dataSync());

/** Product of `[rows, inner]` and `[inner, columns]` in float64. */
function exactProduct(a: ArrayLike<number>, b: ArrayLike<number>, [rows, inner, columns]: [number, number, number]) {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < inner; k++)
      for (let column = 0; column < columns; column++)
        result[row * columns + column]! += a[row * inner + k]! * b[k * columns + column]!;
  return result;
}

function relativeError(found: ArrayLike<number>, exact: Float64Array): number {
  let difference = 0;
  let square = 0;
  exact.forEach((value, i) => {
    difference += (found[i]! - value) ** 2;
    square += value ** 2;
  });
  return Math.sqrt(difference / square);
}

describe("products of the engine wasm", () => {
  // In one chain the errors are 3.4e-7 at 384 products, 4.9e-7 at 768 and 9.8e-7 at 3072.
  it.each([384, 768, 1027, 3072])("of %d products in a sum differ from float64's by 3.2e-7 at most", (inner) => {
    const size: [number, number, number] = [37, inner, 41];
    const [a, b] = [normal(37 * inner, 1), normal(inner * 41, 2)];
    const exact = exactProduct(a, b, size);
    tf.tidy(() => {
      const [left, right] = [tf.tensor2d(a, [37, inner]), tf.tensor2d(b, [inner, 41])];
      expect(relativeError(tf.matMul(left, right).dataSync(), exact)).toBeLessThan(3.2e-7);
      expect(relativeError(tf.fused.matMul({ a: left, b: right }).dataSync(), exact)).toBeLessThan(3.2e-7);
    });
  });

  it.each(["linear", "relu", "relu6", "elu", "sigmoid", "prelu", "leakyrelu"] as const)(
    "have their bias and then the activation %s",
    (activation) => {
      const [a, b] = [normal(3 * 300, 3), normal(300 * 5, 4)];
      const bias = [-9, 4, 0, 9, 30];
      const sums = exactProduct(a, b, [3, 300, 5]).map((value, i) => value + bias[i % 5]!);
      tf.tidy(() => {
        const found = tf.fused.matMul({
          a: tf.tensor2d(a, [3, 300]),
          b: tf.tensor2d(b, [300, 5]),
          bias: tf.tensor1d(bias),
          activation,
          ...(activation === "prelu" && { preluActivationWeights: tf.fill([1, 5], 0.3) }),
          leakyreluAlpha: 0.3,
        });
        const wanted: Record<typeof activation, (x: number) => number> = {
          linear: (x) => x,
          relu: (x) => Math.max(x, 0),
          relu6: (x) => Math.min(Math.max(x, 0), 6),
          elu: (x) => (x < 0 ? Math.expm1(x) : x),
          sigmoid: (x) => 1 / (1 + Math.exp(-x)),
          prelu: (x) => (x < 0 ? 0.3 * x : x),
          leakyrelu: (x) => (x < 0 ? 0.3 * x : x),
        };
        found.dataSync().forEach((value, i) => {
          expect(value).toBeCloseTo(wanted[activation](sums[i]!), 4);
        });
      });
    },
  );

  it("keep their shape, with leading dimensions of one or several matrices", () => {
    tf.tidy(() => {
      const ones = (...shape: number[]) => tf.ones(shape);
      expect(tf.matMul(ones(1, 1, 2, 300), ones(300, 5)).shape).toEqual([1, 1, 2, 5]);
      const several = tf.matMul(ones(2, 3, 300), ones(2, 300, 5));
      expect(several.shape).toEqual([2, 3, 5]);
      expect([...several.dataSync()]).toEqual(new Array(30).fill(300));
      expect([...tf.matMul(ones(300, 2), ones(3, 300), true, true).dataSync()]).toEqual(new Array(6).fill(300));
    });
  });

  it("see a weight in the shape that it has now", () => {
    tf.tidy(() => {
      const weight = tf.tensor1d(normal(600 * 300, 5));
      for (const [inner, columns] of [
        [600, 300],
        [300, 600],
      ] as const) {
        const found = tf.matMul(tf.ones([1, inner]), tf.reshape(weight, [inner, columns])).dataSync();
        const exact = exactProduct(new Float32Array(inner).fill(1), weight.dataSync(), [1, inner, columns]);
        expect(relativeError(found, exact)).toBeLessThan(3.2e-7);
      }
    });
  });

  it("give back all that they hold when the weight is disposed, and are right with what comes into its place", () => {
    const before = tf.backend().numDataIds();
    for (let round = 1; round <= 3; round++) {
      const weight = tf.fill([512, 7], round);
      const pass = () => tf.tidy(() => tf.matMul(tf.ones([2, 512]), weight as tf.Tensor2D).dataSync());
      expect([...pass()]).toEqual(new Array(14).fill(512 * round));
      const held = tf.backend().numDataIds();
      pass();
      expect(tf.backend().numDataIds(), "a second pass holds no more").toBe(held);
      weight.dispose();
      expect(tf.backend().numDataIds()).toBe(before);
    }
  });

  it("are split once, however often it is asked for", () => {
    const kernel = tf.getKernel("_FusedMatMul", "wasm");
    splitProducts();
    expect(tf.getKernel("_FusedMatMul", "wasm")).toBe(kernel);
  });
});
