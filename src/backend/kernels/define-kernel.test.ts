import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geluGradient } from "../../ops/activation.js";
import { attention } from "../../ops/attention.js";
import { layerNorm } from "../../ops/layer-norm.js";
import { linear } from "../../ops/linear.js";
import { rotaryTable, rotate } from "../../ops/rotary.js";
import { swiglu } from "../../ops/swiglu.js";
import { useConfiguration } from "../kernel.testing.js";
import type { VitrailBackend } from "../vitrail-backend.js";

const table = rotaryTable({ rows: 3, columns: 3 }, { rows: 3, columns: 3 }, 8);

const MISFITS: Record<string, () => tf.Tensor> = {
  "a kernel of another width": () => linear(tf.ones([2, 8]), tf.ones([7, 4])),
  "a bias of another width": () => linear(tf.ones([2, 8]), tf.ones([8, 4]), { bias: tf.ones([5]) }),
  "a residual of another shape": () => linear(tf.ones([2, 8]), tf.ones([8, 4]), { residual: tf.ones([1, 4]) }),
  "keys of other tokens": () => attention(tf.ones([1, 5, 8]), tf.ones([1, 6, 8]), tf.ones([1, 5, 8]), 2),
  "a gamma of another width": () => layerNorm(tf.ones([2, 8]), tf.ones([4]), tf.ones([8]), 1e-6),
  "fewer tokens than angles": () => rotate(tf.ones([1, 8, 16]), table),
  "a width that is no number of heads": () => rotate(tf.ones([1, 10, 20]), table),
  "gates of another shape": () => swiglu(tf.ones([2, 8]), tf.ones([8])),
  "a slope of another shape": () => geluGradient(tf.ones([2, 8]), tf.ones([8])),
};

describe("kernels of our own refuse, instead of computing on other memory,", () => {
  let backend: VitrailBackend;
  beforeAll(async () => {
    backend = await useConfiguration("3x12 blocks, 2 threads");
  });
  afterAll(() => backend.pool.dispose());

  it.each(Object.keys(MISFITS))("%s", (name) => {
    expect(() => tf.tidy(MISFITS[name]!)).toThrow(expect.objectContaining({ code: "engine/shape" }));
  });
});
