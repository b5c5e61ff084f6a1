import { add, erf, fused, softmax, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";

/** Largest difference from float64; a backend in float16 or with wrong indices is far outside. */
const BOUND = 1e-4;
const ROWS = 5;
const INNER = 37;
const COLUMNS = 11;

/**
 * Has the active backend compute what every model needs, a product with bias, the error function and a softmax, and compares it with
 * float64 in plain JavaScript.
 *
 * @throws EngineError `engine/self-test` for wrong numbers; whatever the backend throws
 */
export async function proveBackend(): Promise<void> {
  const value = (index: number) => ((index * 7919) % 101) / 101 - 0.5;
  const a = Float32Array.from({ length: ROWS * INNER }, (_, index) => value(index));
  const b = Float32Array.from({ length: INNER * COLUMNS }, (_, index) => value(3 * index + 1));
  const bias = Float32Array.from({ length: COLUMNS }, (_, index) => value(5 * index + 2));
  const result = tidy(() => {
    const product = fused.matMul({
      a: tensor2d(a, [ROWS, INNER]),
      b: tensor2d(b, [INNER, COLUMNS]),
      bias: tensor1d(bias),
    });
    return softmax(add(product, erf(product)));
  });
  const found = await result.data().finally(() => result.dispose());
  for (let row = 0; row < ROWS; row++) {
    const exponentials = Array.from({ length: COLUMNS }, (_, column) => {
      let sum = bias[column]!;
      for (let k = 0; k < INNER; k++) sum += a[row * INNER + k]! * b[k * COLUMNS + column]!;
      return Math.exp(sum + errorFunction(sum));
    });
    const total = exponentials.reduce((x, y) => x + y, 0);
    exponentials.forEach((exponential, column) => {
      const wanted = exponential / total;
      const is = found[row * COLUMNS + column]!;
      if (!(Math.abs(is - wanted) <= BOUND))
        throw new EngineError("engine/self-test", `it computes wrong numbers: ${is} where ${wanted} is right`);
    });
  }
}

/** By its power series, which is exact enough for the small arguments here. */
function errorFunction(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
