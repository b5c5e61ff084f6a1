import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linear } from "../ops/linear.js";
import { unsetTensor } from "../ops/unset-tensor.js";
import { CONFIGURATIONS, fillFrom, seeded, useConfiguration } from "./kernel.testing.js";
import { uploadWeights } from "./upload-weight.js";
import type { VitrailBackend } from "./vitrail-backend.js";

/** Bytes of every 16-bit pattern that is no NaN, and what it stands for. */
function patterns(kind: "F16" | "BF16"): { bytes: Uint8Array; values: Float32Array } {
  const words = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const values = Float32Array.from(words, (word) => (kind === "BF16" ? widenBfloat(word) : widenHalf(word)));
  const bytes = new Uint8Array(words.buffer);
  return { bytes, values };
}
const widenBfloat = (word: number) => new Float32Array(new Uint32Array([word << 16]).buffer)[0]!;
function widenHalf(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const refuse = () => {
  throw new Error("not for our backend");
};

describe.each(Object.keys(CONFIGURATIONS))("uploadWeights with %s", (configuration) => {
  let backend: VitrailBackend;
  const upload = uploadWeights(refuse);
  beforeAll(async () => {
    backend = await useConfiguration(configuration);
  });
  afterAll(() => backend.pool.dispose());

  const matrix = (out: number, inputs: number) => {
    const stored = seeded([out, inputs], 7);
    const bytes = new Uint8Array((stored.dataSync() as Float32Array).buffer);
    return {
      stored,
      weight: upload({ shape: [out, inputs], dtype: "F32", layout: "transposed" }, fillFrom(bytes)),
    };
  };

  it.each([
    [1, 1],
    [31, 33],
    [32, 7],
    [85, 64],
    [100, 1],
    [1200, 701], // in several parts
  ])("a stored [%i, %i] reads as its transpose, bit for bit", (out, inputs) => {
    const { stored, weight } = matrix(out, inputs);
    expect(weight.shape).toEqual([inputs, out]);
    expect(weight.dataSync()).toEqual(tf.transpose(stored).dataSync());
    tf.dispose([stored, weight]);
  });

  it.each([
    ["F32", Number.NaN],
    ["F32", Number.NEGATIVE_INFINITY],
    ["F16", 0x7c00],
    ["F16", 0xfe01],
    ["BF16", 0xff80],
    ["BF16", 0x7fc0],
  ] as const)(
    "asks again for a weight of %s that holds %d, wherever it is, so that its owner can say where",
    (dtype, odd) => {
      const [out, inputs] = [259, 701];
      for (const at of [0, 3, 700, 123_457, out * inputs - 1]) {
        const elements = dtype === "F32" ? new Float32Array(out * inputs) : new Uint16Array(out * inputs);
        elements.fill(1)[at] = odd;
        const file = fillFrom(new Uint8Array(elements.buffer));
        const checks: string[] = [];
        const fill = (view: Uint8Array, begin = 0, check = "now") => {
          checks.push(check);
          file(view, begin);
          const end = (begin + view.length) / elements.BYTES_PER_ELEMENT;
          if (check === "now" && at < end) throw new Error(`at ${at}`);
        };
        const before = backend.memoryBlocks.inUse;
        const weight = { name: "blocks.0.x", shape: [out, inputs], dtype, layout: "transposed" };
        for (const precision of ["float32", "float16", "int8"] as const)
          expect(() => uploadWeights(refuse, precision)(weight, fill)).toThrow(`at ${at}`);
        expect(backend.memoryBlocks.inUse).toBe(before);
        expect(checks).toContain("later");
      }
    },
  );

  it("takes finite numbers that add up to an infinity, and reads others once", () => {
    const values = new Float32Array(64 * 64).fill(3e38);
    let reads = 0;
    const file = fillFrom(new Uint8Array(values.buffer));
    const weight = { shape: [64, 64], dtype: "F32", layout: "transposed" };
    const fill = (view: Uint8Array, begin = 0) => {
      reads++;
      file(view, begin);
    };
    const large = upload(weight, fill);
    expect(large.dataSync()).toEqual(values);
    reads = 0;
    values.fill(-1e37);
    upload(weight, fill).dispose();
    expect(reads).toBe(1);
    large.dispose();
  });

  it("multiplies with the bits that an ordinary tensor gives, and takes its memory once", () => {
    const { stored, weight } = matrix(85, 640);
    const x = seeded([5, 640], 3);
    const [packed, ordinary] = tf.tidy(() => [linear(x, weight), linear(x, tf.transpose(stored))]) as [
      tf.Tensor,
      tf.Tensor,
    ];
    expect(packed.dataSync()).toEqual(ordinary.dataSync());
    tf.dispose([stored, x, packed, ordinary]);
    const { inUse } = backend.memoryBlocks;
    weight.dispose();
    expect(inUse - backend.memoryBlocks.inUse).toBeLessThanOrEqual(96 * 640 * 4);
  });

  it.each(["F16", "BF16"] as const)("every bit pattern of %s widens exactly, in panels and in rows", (kind) => {
    const { bytes, values } = patterns(kind);
    const fill = fillFrom(bytes);
    const rows = upload({ shape: [65536], dtype: kind, layout: "same" }, fill);
    expect(rows.dataSync()).toEqual(values);
    const panels = upload({ shape: [256, 256], dtype: kind, layout: "transposed" }, fill);
    const transposed = Float32Array.from(values, (_, i) => values[(i % 256) * 256 + Math.floor(i / 256)]!);
    expect(panels.dataSync()).toEqual(transposed);
    tf.dispose([rows, panels]);
  });

  it("50 loads of weights, each disposed, need no more memory than the first", () => {
    const load = () => {
      const weights = Array.from({ length: 12 }, (_, i) => matrix(100 + i, 200).weight);
      const x = seeded([3, 200], 1);
      tf.tidy(() => weights.map((weight) => linear(x, weight)));
      tf.dispose([x, ...weights]);
    };
    tf.tidy(load);
    const { inUse, peak } = backend.memoryBlocks;
    for (let i = 0; i < 50; i++) tf.tidy(load);
    expect(backend.memoryBlocks.inUse).toBe(inUse);
    expect(backend.memoryBlocks.peak).toBe(peak);
  });

  it("gives the memory back when reading fails", () => {
    const { inUse } = backend.memoryBlocks;
    for (const layout of ["same", "transposed"])
      expect(() => upload({ shape: [64, 64], dtype: "F16", layout }, refuse)).toThrow("not for our backend");
    expect(backend.memoryBlocks.inUse).toBe(inUse);
  });

  it.each(["float32", "float16", "int8"] as const)(
    "gives the memory of %s back when reading fails half way",
    (precision) => {
      const { inUse } = backend.memoryBlocks;
      const fill = (view: Uint8Array, begin = 0) => {
        if (begin > 2_000_000) throw new Error("the file ended");
        view.fill(1);
      };
      const weight = { name: "blocks.0.mlp.fc1.weight", shape: [1200, 701], dtype: "F32", layout: "transposed" };
      expect(() => uploadWeights(refuse, precision)(weight, fill)).toThrow("the file ended");
      expect(backend.memoryBlocks.inUse).toBe(inUse);
    },
  );

  it("a tensor that is not set yet takes no memory, and reads as zeros", () => {
    const { inUse } = backend.memoryBlocks;
    const weight = tf.variable(unsetTensor([33, 20]));
    expect(backend.memoryBlocks.inUse).toBe(inUse);
    expect(weight.dataSync()).toEqual(new Float32Array(660));
    const x = seeded([3, 33], 1);
    const y = tf.tidy(() => linear(x, weight));
    expect(y.dataSync()).toEqual(new Float32Array(60));
    tf.dispose([weight, x, y]);
  });
});

describe("uploadWeights on another backend", () => {
  it("goes the other way", async () => {
    await tf.setBackend("cpu");
    const other = tf.scalar(1);
    const weight = { shape: [1], dtype: "F32", layout: "same" };
    expect(uploadWeights(() => other)(weight, refuse)).toBe(other);
    expect(() => uploadWeights(() => other, "int8")(weight, refuse)).toThrow(
      expect.objectContaining({ code: "engine/dtype" }),
    );
  });
});
