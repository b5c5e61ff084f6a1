import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InputError, WeightsFileError } from "../errors.js";
import type { Dtype } from "./dtypes.js";
import { GOLDENS } from "./safetensors-file.testing.js";
import { toFloat32, widenInto } from "./to-float32.js";

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
const all16 = () => new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof WeightsFileError || error instanceof InputError) return error.code;
    throw error;
  }
  return "no error";
};

it("gives the float32 of all 65,536 bit patterns of F16", () => {
  const found = toFloat32(all16(), "F16");
  for (let pattern = 0; pattern < 65536; pattern++) {
    // IEEE 754-2019, 3.4: by fields as text, not by shifts.
    const bits = pattern.toString(2).padStart(16, "0");
    const exponent = Number.parseInt(bits.slice(1, 6), 2);
    const fraction = Number.parseInt(bits.slice(6), 2) / 1024;
    const sign = bits[0] === "1" ? -1 : 1;
    const special = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    const size =
      exponent === 31 ? special : exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
    if (!Object.is(found[pattern], sign * size))
      expect.fail(`pattern ${bits}: ${found[pattern]}, wanted ${sign * size}`);
  }
});

it("gives the float32 bits of all 65,536 bit patterns of BF16", () => {
  const found = bitsOf(toFloat32(all16(), "BF16"));
  expect(found.findIndex((bits, pattern) => bits !== pattern * 65536)).toBe(-1);
});

describe("gives torch's float32 bits of all 256 bit patterns", () => {
  const { tables } = JSON.parse(readFileSync(join(GOLDENS, "float8.json"), "utf8")) as {
    tables: Record<Dtype, string[]>;
  };
  it.each(Object.entries(tables))("of %s", (dtype, table) => {
    const values = toFloat32(
      Uint8Array.from({ length: 256 }, (_, i) => i),
      dtype as Dtype,
    );
    const bits = bitsOf(values);
    const found = table.map((_, i) => (Number.isNaN(values[i]) ? "nan" : bits[i]!.toString(16).padStart(8, "0")));
    expect(found).toEqual(table);
  });
});

it("keeps a NaN's sign and mantissa, from F16, BF16 and F32", () => {
  expect(bitsOf(toFloat32(bytesOf(Uint16Array.of(0xfd55, 0x7e00)), "F16"))).toEqual(
    Uint32Array.of(0xffaaa000, 0x7fc00000),
  );
  expect(bitsOf(toFloat32(bytesOf(Uint16Array.of(0xffa5)), "BF16"))).toEqual(Uint32Array.of(0xffa50000));
  expect(bitsOf(toFloat32(bytesOf(Uint32Array.of(0x7fa00001)), "F32"))).toEqual(Uint32Array.of(0x7fa00001));
});

it("copies F32: the values do not share the file's memory", () => {
  const bytes = bytesOf(Float32Array.of(1, -2.5));
  const values = toFloat32(bytes, "F32");
  bytes.fill(0);
  expect([...values]).toEqual([1, -2.5]);
});

it.each<[Dtype, ArrayBufferView, number[]]>([
  ["BOOL", Uint8Array.of(0, 1), [0, 1]],
  ["U8", Uint8Array.of(0, 255), [0, 255]],
  ["I8", Int8Array.of(-128, 127), [-128, 127]],
  ["U16", Uint16Array.of(0, 65535), [0, 65535]],
  ["I16", Int16Array.of(-32768, 32767), [-32768, 32767]],
  ["I32", Int32Array.of(-(2 ** 31), 2 ** 24), [-(2 ** 31), 2 ** 24]],
  ["U32", Uint32Array.of(2 ** 31, 0xffffff00), [2 ** 31, 0xffffff00]],
  ["I64", BigInt64Array.of(-(2n ** 63n), 197n), [-(2 ** 63), 197]],
  ["U64", BigUint64Array.of(2n ** 63n), [2 ** 63]],
  [
    "F64",
    Float64Array.of(0.5, -0, Number.NaN, Number.NEGATIVE_INFINITY),
    [0.5, -0, Number.NaN, Number.NEGATIVE_INFINITY],
  ],
  ["F16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
  ["BF16", Uint16Array.of(0x3f80, 0xc000), [1, -2]],
  ["F32", Float32Array.of(0.1), [Math.fround(0.1)]],
])("converts %s at any alignment", (dtype, source, wanted) => {
  const bytes = bytesOf(source);
  for (const offset of [0, 1, 2, 3]) {
    const moved = new Uint8Array(bytes.length + offset).subarray(offset);
    moved.set(bytes);
    expect([...toFloat32(moved, dtype)]).toEqual(wanted);
  }
});

it.each<[Dtype, ArrayBufferView, number]>([
  ["F64", Float64Array.of(0.1), Math.fround(0.1)],
  ["F64", Float64Array.of(1e300), Number.POSITIVE_INFINITY],
  ["F64", Float64Array.of(1e-300), 0],
  ["I32", Int32Array.of(2 ** 24 + 1), 2 ** 24],
  ["U32", Uint32Array.of(0xffffffff), 2 ** 32],
  ["I64", BigInt64Array.of(-(2n ** 53n) - 1n), -(2 ** 53)],
  // Halfway between two float32, and a little above: a double on the way would lose the little.
  ["U64", BigUint64Array.of(2n ** 63n + 2n ** 39n), 2 ** 63],
  ["U64", BigUint64Array.of(2n ** 63n + 2n ** 39n + 1n), 2 ** 63 + 2 ** 40],
  ["I64", BigInt64Array.of(-(2n ** 62n) - 2n ** 38n - 1n), -(2 ** 62) - 2 ** 39],
])(
  "refuses a %s that float32 does not have, and rounds it to the nearest when told to (%o)",
  (dtype, source, rounded) => {
    expect(codeOf(() => toFloat32(bytesOf(source), dtype))).toBe("weights/inexact");
    expect([...toFloat32(bytesOf(source), dtype, { inexact: "round" })]).toEqual([rounded]);
  },
);

it("writes into a part of a larger array and nowhere else", () => {
  const all = new Float32Array(4).fill(9);
  widenInto(bytesOf(Uint16Array.of(0x3c00, 0x4000)), "F16", all.subarray(1, 3));
  expect([...all]).toEqual([9, 1, 2, 9]);
});

it("refuses a target of another length, odd bytes, unknown dtypes and dtypes without a float32", () => {
  expect(codeOf(() => widenInto(new Uint8Array(4), "F16", new Float32Array(1)))).toBe("input/byte-length");
  expect(codeOf(() => toFloat32(new Uint8Array(3), "F16"))).toBe("input/byte-length");
  expect(codeOf(() => toFloat32(new Uint8Array(4), "f32" as Dtype))).toBe("input/dtype");
  expect(codeOf(() => toFloat32([1, 2] as never, "U8"))).toBe("input/not-bytes");
  for (const dtype of ["F4", "F6_E2M3", "F6_E3M2", "C64"] as const)
    expect(codeOf(() => toFloat32(new Uint8Array(24), dtype))).toBe("weights/unsupported-dtype");
});
