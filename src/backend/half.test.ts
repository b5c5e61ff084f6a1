import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linear } from "../ops/linear.js";
import { CONFIGURATIONS, fillFrom, seeded, useConfiguration } from "./kernel.testing.js";
import { uploadWeights } from "./upload-weight.js";
import type { VitrailBackend } from "./vitrail-backend.js";

const never = () => {
  throw new Error("not for our backend");
};
const upload = (
  precision: "float16" | "float32",
  shape: [number, number],
  dtype: "F32" | "F16" | "BF16",
  bytes: Uint8Array,
) =>
  uploadWeights(never, precision)({ name: "blocks.0.fc1.weight", shape, dtype, layout: "transposed" }, fillFrom(bytes));
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Float16 of a bit pattern below infinity's. */
function halfValue(word: number): number {
  const exponent = word >> 10;
  const fraction = word & 0x3ff;
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe.each(Object.keys(CONFIGURATIONS))("float16 weights with %s", (configuration) => {
  let backend: VitrailBackend;
  beforeAll(async () => {
    backend = await useConfiguration(configuration);
  });
  afterAll(() => backend.pool.dispose());

  it("rounds float32 to the nearest float16, ties to even, over the whole range", () => {
    // Every hundredth float16, what lies right between it and the next, and what lies a little to either side.
    const words = Array.from({ length: 315 }, (_, i) => i * 101).filter((word) => word < 0x7bff);
    const cases = words.flatMap((word) => {
      const [low, high] = [halfValue(word), halfValue(word + 1)];
      const middle = (low + high) / 2;
      const step = (high - low) / 64;
      return [
        [low, low],
        [middle - step, low],
        [middle, word % 2 === 0 ? low : high],
        [middle + step, high],
      ] as const;
    });
    const signed = cases.flatMap(([value, rounded]) => [
      [value, rounded],
      [-value, -rounded],
    ]);
    const values = Float32Array.from(signed, ([value]) => value!);
    const weight = upload("float16", [1, values.length], "F32", bytesOf(values));
    expect(weight.dataSync()).toEqual(Float32Array.from(signed, ([, rounded]) => rounded!));
    weight.dispose();
  });

  it.each([
    [1, 1, 1],
    [5, 33, 31],
    [50, 64, 85],
    [7, 770, 96],
  ])(
    "[%i, %i] by [.., %i] has the bits of the same weights in float32, whatever they are stored as",
    (rows, inputs, out) => {
      const words = Uint16Array.from(
        { length: inputs * out },
        (_, i) => ((i * 40503) & 0x83ff) | ((10 + (i % 6)) << 10),
      );
      const x = seeded([rows, inputs], 3);
      const options = { bias: seeded([out], 4), residual: seeded([rows, out], 5) };
      const wide = upload("float32", [out, inputs], "F16", bytesOf(words));
      const wanted = linear(x, wide, options);
      // float32 numbers that are float16's, too
      const stored = tf.transpose(wide).dataSync() as Float32Array;
      for (const half of [
        upload("float16", [out, inputs], "F16", bytesOf(words)),
        upload("float16", [out, inputs], "F32", bytesOf(stored)),
      ]) {
        expect(half.dataSync()).toEqual(wide.dataSync());
        const found = linear(x, half, options);
        expect(found.dataSync()).toEqual(wanted.dataSync());
        tf.dispose([half, found]);
      }
      tf.dispose([x, wide, wanted, ...Object.values(options)]);
    },
  );

  it("takes half of the memory, and refuses numbers that float16 has not, giving all of it back", () => {
    const before = backend.memoryBlocks.inUse;
    const values = new Float32Array(768 * 768).fill(2);
    const weight = upload("float16", [768, 768], "F32", bytesOf(values));
    expect(backend.memoryBlocks.inUse - before).toBeLessThan(768 * 768 * 2 * 1.03);
    weight.dispose();
    values[12345] = 65520;
    expect(() => upload("float16", [768, 768], "F32", bytesOf(values))).toThrow(
      expect.objectContaining({ code: "engine/float16-range" }),
    );
    expect(backend.memoryBlocks.inUse).toBe(before);
  });
});
