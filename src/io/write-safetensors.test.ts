import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InputError, WeightsFileError } from "../errors.js";
import { DTYPE_BITS, type Dtype } from "./dtypes.js";
import { readSafetensors } from "./read-safetensors.js";
import { GOLDENS } from "./safetensors-file.testing.js";
import { type TensorToWrite, writeSafetensors } from "./write-safetensors.js";

interface Case {
  case: string;
  tensors: { name: string; dtype: Dtype; shape: number[] }[];
  metadata: Record<string, string> | null;
}

const { cases } = JSON.parse(readFileSync(join(GOLDENS, "cases.json"), "utf8")) as { cases: Case[] };

/** As tools/reference/safetensors_writer.py fills them: 1, 2, 3, ... over the whole case. */
function filled(tensors: Case["tensors"]): Map<string, TensorToWrite> {
  let counter = 0;
  return new Map(
    tensors.map(({ name, dtype, shape }) => {
      const length = (shape.reduce((product, size) => product * size, 1) * DTYPE_BITS[dtype]) / 8;
      const bytes = Uint8Array.from({ length }, (_, i) => ((counter + i) % 251) + 1);
      counter += length;
      return [name, { dtype, shape, bytes }];
    }),
  );
}

describe("writes Python's bytes", () => {
  it.each(cases)("in the case $case", ({ case: name, tensors, metadata }) => {
    const written = writeSafetensors(filled(tensors), metadata ?? undefined);
    const golden = readFileSync(join(GOLDENS, `${name}.safetensors`));
    expect(Buffer.from(written).toString("latin1")).toBe(golden.toString("latin1"));
  });

  it("whatever the order in which the tensors come", () => {
    const { tensors } = cases.find((one) => one.case === "every-dtype")!;
    const reversed = new Map([...filled(tensors)].reverse());
    expect(Buffer.from(writeSafetensors(reversed))).toEqual(readFileSync(join(GOLDENS, "every-dtype.safetensors")));
  });
});

it("reads back what it wrote: names, shapes, bytes, metadata in the order given", () => {
  const tensors = filled([
    { name: "__proto__", dtype: "F32", shape: [2, 1] },
    { name: '\u{10000}"\\', dtype: "BF16", shape: [0, 3] },
    { name: "six", dtype: "F6_E2M3", shape: [4] },
  ]);
  const file = readSafetensors(writeSafetensors(tensors, { z: "1", a: "2" }));
  expect(file.tensors).toEqual(tensors);
  expect(Object.entries(file.metadata)).toEqual([
    ["z", "1"],
    ["a", "2"],
  ]);
});

const bytes = new Uint8Array(4);
const tensor = { dtype: "F32" as const, shape: [1], bytes };

it.each<[string, string, Iterable<readonly [string, TensorToWrite]>]>([
  ["weights/writer-name", "the name __metadata__", [["__metadata__", tensor]]],
  [
    "weights/writer-name",
    "a name that stands twice",
    [
      ["w", tensor],
      ["w", tensor],
    ],
  ],
  ["weights/writer-name", "a lone surrogate", [["\ud800", tensor]]],
  ["weights/writer-name", "a name that is a number", [[1 as never, tensor]]],
  ["weights/writer-bytes", "a byte too few", [["w", { ...tensor, bytes: new Uint8Array(3) }]]],
  ["weights/writer-bytes", "a byte too many", [["w", { ...tensor, bytes: new Uint8Array(5) }]]],
  ["weights/writer-bytes", "a Float32Array", [["w", { ...tensor, bytes: new Float32Array(1) as never }]]],
  ["weights/writer-bytes", "half a byte", [["w", { dtype: "F4", shape: [1], bytes: new Uint8Array(1) }]]],
  ["weights/writer-bytes", "a negative size", [["w", { ...tensor, shape: [-1, -1] }]]],
  ["weights/writer-bytes", "a size of 0.5", [["w", { ...tensor, shape: [0.5, 2] }]]],
  ["weights/writer-bytes", "sizes beyond 2^53", [["w", { ...tensor, shape: [2 ** 52, 2] }]]],
  ["weights/writer-bytes", "an unknown dtype", [["w", { ...tensor, dtype: "float32" as Dtype }]]],
  ["weights/writer-bytes", "no tensor", [["w", undefined as never]]],
  ["weights/header-too-large", "a header above 100,000,000 bytes", [["n".repeat(100_000_000), tensor]]],
])("refuses with %s: %s", (code, _, tensors) => {
  expect(() => writeSafetensors(tensors)).toThrow(expect.objectContaining({ code }));
  expect(() => writeSafetensors(tensors)).toThrow(WeightsFileError);
});

it("refuses metadata that are no strings, and tensors that are no list", () => {
  expect(() => writeSafetensors([], { epoch: 3 as never })).toThrow(InputError);
  expect(() => writeSafetensors([], { note: "\udc00" })).toThrow(InputError);
  expect(() => writeSafetensors({ w: tensor } as never)).toThrow(InputError);
  expect(() => writeSafetensors([5] as never)).toThrow(InputError);
});
