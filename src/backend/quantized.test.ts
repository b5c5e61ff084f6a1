import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linear } from "../ops/linear.js";
import { CONFIGURATIONS, fillFrom, seeded, useConfiguration } from "./kernel.testing.js";
import { isByteDotExact } from "./kernel-probe.js";
import { allowRelaxedSimd } from "./threads-node.js";
import { uploadWeights } from "./upload-weight.js";
import type { VitrailBackend } from "./vitrail-backend.js";

allowRelaxedSimd();
const bytes = { kind: "u8", block: { rows: 3, columns: 12 } } as const;
const base = CONFIGURATIONS["3x12 blocks, 2 threads"]!;
CONFIGURATIONS["unsigned bytes"] = { ...base, plan: { ...base.plan, quantized: bytes } };
for (const [rows, columns, threads] of [
  [3, 8, 1],
  [2, 12, 3],
] as const)
  CONFIGURATIONS[`7 bits in ${rows}x${columns} blocks, ${threads} threads`] = {
    plan: { ...base.plan, quantized: { kind: "u7", block: { rows, columns } } },
    threads,
  };

/** Of a row's range, an activation's step; of the largest weight, a weight's. */
const STEPS = { u8: 255, u7: 127, i12: 2 * 2047 } as const;

const toStored = (stored: tf.Tensor) => fillFrom(new Uint8Array((stored.dataSync() as Float32Array).buffer));
const never = () => {
  throw new Error("not for our backend");
};

describe.each(Object.keys(CONFIGURATIONS))("int8 weights with %s", (configuration) => {
  const { kind } = CONFIGURATIONS[configuration]!.plan.quantized;
  const isPossible = kind !== "u8" || isByteDotExact("shared");
  let backend: VitrailBackend;
  beforeAll(async () => {
    backend = await useConfiguration(configuration);
  });
  afterAll(() => backend.pool.dispose());

  const quantized = (out: number, inputs: number) => {
    const stored = seeded([out, inputs], 5);
    const weight = uploadWeights(never, "int8")(
      { name: "blocks.0.fc1.weight", shape: [out, inputs], dtype: "F32", layout: "transposed" },
      toStored(stored),
    );
    return { stored, weight };
  };

  it.each([
    [1, 1],
    [31, 33],
    [85, 64],
    [12, 770],
  ])(
    "a stored [%i, %i] reads within half a 127th of each output's largest weight, its largest exactly",
    (out, inputs) => {
      const { stored, weight } = quantized(out, inputs);
      const wanted = tf.transpose(stored).arraySync() as number[][];
      const found = weight.arraySync() as number[][];
      for (let column = 0; column < out; column++) {
        const largest = Math.max(...wanted.map((row) => Math.abs(row[column]!)));
        const errors = wanted.map((row, i) => Math.abs(row[column]! - found[i]![column]!));
        expect(Math.max(...errors)).toBeLessThanOrEqual((largest / 127 / 2) * 1.0001);
        const at = wanted.findIndex((row) => Math.abs(row[column]!) === largest);
        expect(errors[at]).toBeLessThanOrEqual(largest * 1e-6);
      }
      tf.dispose([stored, weight]);
    },
  );

  it.runIf(isPossible).each([
    [1, 1, 1, "none"],
    [5, 33, 31, "bias"],
    [7, 64, 85, "gelu"],
    [50, 770, 96, "residual"],
    [197, 48, 100, "bias"],
  ] as const)(
    "[%i, %i] by [.., %i] with %s is the product of the dequantized weight within the steps of a row",
    (rows, inputs, out, what) => {
      const { stored, weight } = quantized(out, inputs);
      const x = tf.add(seeded([rows, inputs], 9, 3), 0.5);
      const options = {
        ...(what !== "none" && { bias: seeded([out], 2) }),
        ...(what === "residual" && { residual: seeded([rows, out], 3) }),
        ...(what === "gelu" && { activation: "gelu" as const }),
      };
      const dequantized = tf.tensor(weight.dataSync(), [inputs, out]);
      const found = linear(x, weight, options);
      const wanted = linear(x, dequantized, options);
      // Half a step of 3 + 3.5 for each input, as independent errors; six times their deviation.
      const bound = ((6 * 7) / STEPS[kind] / Math.sqrt(12)) * Math.sqrt(inputs);
      const difference = tf.max(tf.abs(tf.sub(found, wanted))).dataSync()[0]!;
      expect(difference).toBeLessThanOrEqual(bound + 1e-5);
      tf.dispose([stored, weight, x, dequantized, found, wanted, options.bias!, options.residual!].filter(Boolean));
    },
  );

  it.runIf(isPossible)("a row of zeros, and one of a single value, stay what they are", () => {
    const { stored, weight } = quantized(20, 40);
    const x = tf.tensor2d([Array(40).fill(0), [7, ...Array(39).fill(0)]]);
    const y = linear(x, weight).arraySync() as number[][];
    const first = (weight.arraySync() as number[][])[0]!;
    expect(y[0]).toEqual(Array(20).fill(0));
    for (const [i, value] of y[1]!.entries()) expect(value).toBeCloseTo(7 * first[i]!, 5);
    tf.dispose([stored, weight, x]);
  });

  it.runIf(isPossible)("rows are quantized once for all products that read them, and go when they go", () => {
    const [narrow, wide] = [quantized(20, 96), quantized(40, 96)];
    const other = seeded([7, 96], 9);
    const alone = tf.tidy(() => linear(other, wide.weight).dataSync());
    other.dispose();
    const before = backend.memoryBlocks.inUse;
    const x = seeded([7, 96], 9);
    const first = linear(x, narrow.weight);
    const one = backend.memoryBlocks.inUse;
    const second = linear(x, wide.weight);
    expect(second.dataSync()).toEqual(alone);
    expect(backend.memoryBlocks.inUse - one).toBe(Math.ceil((7 * 40 * 4) / 64) * 64);
    tf.dispose([first, second, x]);
    expect(backend.memoryBlocks.inUse).toBe(before);
    tf.dispose([narrow.stored, narrow.weight, wide.stored, wide.weight]);
  });

  it.runIf(isPossible)("rows of another width are quantized by themselves", () => {
    const [half, whole] = [quantized(20, 48), quantized(20, 96)];
    const x = seeded([7, 96], 9);
    const halves = tf.reshape(x, [14, 48]);
    const alone = tf.tidy(() => linear(seeded([14, 48], 9), half.weight).dataSync());
    const y = [linear(x, whole.weight), linear(halves, half.weight)] as const;
    expect(y[1].dataSync()).toEqual(alone);
    tf.dispose([...y, x, halves, half.stored, half.weight, whole.stored, whole.weight]);
  });

  it("weights outside of blocks stay float32", () => {
    const stored = seeded([20, 40], 5);
    const upload = uploadWeights(never, "int8");
    const head = upload({ name: "head.weight", shape: [20, 40], dtype: "F32", layout: "transposed" }, toStored(stored));
    expect(head.dataSync()).toEqual(tf.transpose(stored).dataSync());
    tf.dispose([stored, head]);
  });

  it("takes a quarter, or half, of the memory, and gives it back", () => {
    const before = backend.memoryBlocks.inUse;
    const { stored, weight } = quantized(768, 768);
    stored.dispose();
    const size = (768 * 768 * 4) / (kind === "i12" ? 2 : 4);
    expect(backend.memoryBlocks.inUse - before).toBeLessThan(size * 1.05 + 8192);
    weight.dispose();
    expect(backend.memoryBlocks.inUse).toBe(before);
  });
});
