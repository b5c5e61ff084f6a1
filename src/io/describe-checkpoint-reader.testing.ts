import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WeightsFileError } from "../errors.js";
import type { SafetensorsFile } from "./read-safetensors.js";
import { CORPUS, entry, handwritten, oneTensor } from "./safetensors-file.testing.js";
import type { ReaderLimits } from "./safetensors-header.js";
import { WEIGHTS_CODES, type WeightsCode } from "./weights-error.js";

/** Reads a whole file through the reader under test. */
type ReadAll = (file: Uint8Array, limits?: Partial<ReaderLimits>) => Promise<SafetensorsFile>;

interface CorpusFile {
  file: string;
  reason: string;
  our_verdict: "valid" | "invalid";
  ref_error: string | null;
  metadata: Record<string, string> | null;
  tensors?: Record<string, { dtype: string; shape: number[]; bytes: number; sha256: string }>;
}

/** Which of our codes say what an error of the reference says. */
const CODES_OF: Record<string, WeightsCode[]> = {
  HeaderTooSmall: ["weights/header-too-small", "weights/other-format"],
  HeaderTooLarge: ["weights/header-too-large", "weights/other-format"],
  InvalidHeaderLength: ["weights/header-cut", "weights/other-format"],
  InvalidHeader: ["weights/not-utf8"],
  InvalidHeaderDeserialization: [
    "weights/not-json",
    "weights/too-deep",
    "weights/duplicate-key",
    "weights/metadata",
    "weights/tensor-info",
    "weights/unknown-dtype",
    "weights/not-an-integer",
  ],
  InvalidOffset: ["weights/offsets", "weights/duplicate-key"],
  TensorInvalidInfo: ["weights/size-mismatch"],
  ValidationOverflow: ["weights/size-overflow"],
  MisalignedSlice: ["weights/size-not-whole-bytes"],
  MetadataIncompleteBuffer: ["weights/data-cut", "weights/trailing-bytes"],
  // The reference accepts it and we do not.
  none: ["weights/duplicate-key", "weights/tensor-info"],
};

const nested = (levels: number) => `,"x":${"[".repeat(levels)}${"]".repeat(levels)}`;

const VALID: [rule: string, header: string, dataBytes: number][] = [
  ["white space around the header", `\t\n\r ${oneTensor()} \t\r\n`, 4],
  ["no tensor at all", "{}", 0],
  ["fields in any order", `{"w":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}`, 4],
  ["escaped field names and dtypes", `{"w":{"dt\\u0079pe":"F\\u00332","shape":[],"data_offsets":[0,4]}}`, 4],
  ["unknown fields of any kind", oneTensor(`,"x":[null,true,false,-1.5e-3,"\\ud83d\\ude00",{"a":{}}]`), 4],
  ["unknown fields nested to level 127", oneTensor(nested(125)), 4],
  ["an unknown number of 30 digits", oneTensor(`,"x":${"1".repeat(30)}`), 4],
  ["offsets out of order", `{${entry("b", "U8", "[2]", 4, 6)},${entry("a", "F32", "[1]", 0, 4)}}`, 6],
  [
    "tensors without elements between others",
    `{${entry("b", "U8", "[1]", 0, 1)},${entry("z", "F32", "[0]", 1, 1)},${entry("y", "F32", "[0,5]", 0, 0)}}`,
    1,
  ],
  ["a size beyond 2^53 beside a 0", `{${entry("w", "F32", "[0,18446744073709551615]", 0, 0)}}`, 0],
  [
    "names that an object has by nature",
    `{${entry("__proto__", "U8", "[1]", 0, 1)},${entry("constructor", "U8", "[1]", 1, 2)},${entry("toString", "U8", "[1]", 2, 3)}}`,
    3,
  ],
  ["four-bit floats in whole bytes", `{${entry("w", "F4", "[2]", 0, 1)}}`, 1],
  ["names of 4,096 characters", `{${entry("n".repeat(4096), "U8", "[]", 0, 1)}}`, 1],
];

const BROKEN: [code: WeightsCode, what: string, file: Uint8Array][] = [
  ["weights/header-too-small", "no byte", new Uint8Array(0)],
  ["weights/header-too-small", "7 bytes", new Uint8Array(7)],
  ["weights/header-too-large", "100,000,001 bytes of header", handwritten("{}", 0, 100_000_001n)],
  ["weights/header-too-large", "2^64 - 1 bytes of header", handwritten("{}", 0, 2n ** 64n - 1n)],
  ["weights/header-too-large", "a length whose low word alone would pass", handwritten("{}", 0, 2n ** 32n + 2n)],
  ["weights/header-cut", "100,000,000 bytes of header promised", handwritten("{}", 0, 100_000_000n)],
  ["weights/header-cut", "a header one byte too long", handwritten("{}", 0, 3n)],
  [
    "weights/not-utf8",
    "an overlong letter",
    handwritten(new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])),
  ],
  [
    "weights/not-utf8",
    "a surrogate in UTF-8",
    handwritten(new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])),
  ],
  ["weights/not-json", "an empty header", handwritten("")],
  ["weights/not-json", "a byte order mark", handwritten("\ufeff{}")],
  ["weights/not-json", "an array", handwritten("[]")],
  ["weights/not-json", "NUL padding", handwritten("{}\0\0")],
  ["weights/not-json", "form feed padding", handwritten("{}\f")],
  ["weights/not-json", "a second object", handwritten("{}{}")],
  ["weights/not-json", "a trailing comma", handwritten(`{${entry("w", "U8", "[]", 0, 1)},}`, 1)],
  ["weights/not-json", "a comment", handwritten("{/**/}")],
  ["weights/not-json", "a raw control character", handwritten(`{${entry("a\tb", "U8", "[]", 0, 1)}}`, 1)],
  ["weights/not-json", "the last control character, raw", handwritten(`{${entry("a\x1fb", "U8", "[]", 0, 1)}}`, 1)],
  ["weights/not-json", "an unknown escape", handwritten(`{${entry("\\x41", "U8", "[]", 0, 1)}}`, 1)],
  ["weights/not-json", "a lone surrogate", handwritten(`{${entry("\\udc00", "U8", "[]", 0, 1)}}`, 1)],
  [
    "weights/not-json",
    "a high surrogate before a letter",
    handwritten(`{${entry("\\ud83d\\u0041", "U8", "[]", 0, 1)}}`, 1),
  ],
  ["weights/not-json", "a leading zero", handwritten(`{${entry("w", "U8", "[01]", 0, 1)}}`, 1)],
  ["weights/not-json", "a plus sign", handwritten(`{${entry("w", "U8", "[+1]", 0, 1)}}`, 1)],
  ["weights/not-json", "NaN in a field that nobody reads", handwritten(oneTensor(`,"x":NaN`), 4)],
  ["weights/not-json", "1e999 in a field that nobody reads", handwritten(oneTensor(`,"x":1e999`), 4)],
  ["weights/not-json", "a lone surrogate in a field that nobody reads", handwritten(oneTensor(`,"x":"\\ud800"`), 4)],
  ["weights/too-deep", "level 128", handwritten(oneTensor(nested(126)), 4)],
  ["weights/too-deep", "a million brackets", handwritten(oneTensor(nested(1e6)), 4)],
  [
    "weights/duplicate-key",
    "one tensor twice",
    handwritten(`{${entry("w", "U8", "[]", 0, 1)},${entry("w", "U8", "[]", 0, 1)}}`, 1),
  ],
  [
    "weights/duplicate-key",
    "one tensor twice after unescaping",
    handwritten(`{${entry("w", "U8", "[]", 0, 1)},${entry("\\u0077", "U8", "[]", 0, 1)}}`, 1),
  ],
  ["weights/duplicate-key", "two __metadata__", handwritten(`{"__metadata__":{},"__metadata__":{}}`)],
  ["weights/duplicate-key", "one key twice inside __metadata__", handwritten(`{"__metadata__":{"a":"1","a":"1"}}`)],
  ["weights/duplicate-key", "one field twice", handwritten(oneTensor(`,"dtype":"F32"`), 4)],
  [
    "weights/duplicate-key",
    "one key twice in a field that nobody reads",
    handwritten(oneTensor(`,"x":{"a":1,"a":1}`), 4),
  ],
  ["weights/metadata", "metadata of numbers", handwritten(`{"__metadata__":{"a":1}}`)],
  ["weights/metadata", "metadata of null", handwritten(`{"__metadata__":{"a":null}}`)],
  ["weights/metadata", "metadata that is a list", handwritten(`{"__metadata__":[]}`)],
  ["weights/metadata", "metadata that is a tensor", handwritten(`{${entry("__metadata__", "U8", "[]", 0, 1)}}`, 1)],
  ["weights/tensor-info", "a description that is a list", handwritten(`{"w":["F32",[1],[0,4]]}`, 4)],
  [
    "weights/tensor-info",
    "a dtype that is an object",
    handwritten(`{"w":{"dtype":{"F32":null},"shape":[],"data_offsets":[0,4]}}`, 4),
  ],
  ["weights/tensor-info", "no dtype", handwritten(`{"w":{"shape":[],"data_offsets":[0,4]}}`, 4)],
  ["weights/tensor-info", "no shape", handwritten(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4)],
  ["weights/tensor-info", "no offsets", handwritten(`{"w":{"dtype":"F32","shape":[]}}`, 4)],
  ["weights/tensor-info", "one offset", handwritten(`{"w":{"dtype":"F32","shape":[],"data_offsets":[0]}}`, 4)],
  ["weights/tensor-info", "three offsets", handwritten(`{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4,4]}}`, 4)],
  ["weights/tensor-info", "a shape of null", handwritten(`{${entry("w", "F32", "null", 0, 4)}}`, 4)],
  ["weights/unknown-dtype", "a dtype in small letters", handwritten(`{${entry("w", "f32", "[]", 0, 4)}}`, 4)],
  [
    "weights/unknown-dtype",
    "a dtype that an object has by nature",
    handwritten(`{${entry("w", "toString", "[]", 0, 4)}}`, 4),
  ],
  ...["-1", "-0", "1.0", "1e0", "18446744073709551616", '"1"', "null", "[1]", "true"].map(
    (size): [WeightsCode, string, Uint8Array] => [
      "weights/not-an-integer",
      `a size of ${size}`,
      handwritten(`{${entry("w", "F32", `[${size}]`, 0, 4)}}`, 4),
    ],
  ),
  ["weights/not-an-integer", "an offset of -0", handwritten(`{${entry("w", "F32", "[]", "-0", 4)}}`, 4)],
  ["weights/offsets", "a hole before the first", handwritten(`{${entry("w", "U8", "[1]", 1, 2)}}`, 2)],
  [
    "weights/offsets",
    "a hole between two",
    handwritten(`{${entry("a", "U8", "[1]", 0, 1)},${entry("b", "U8", "[1]", 2, 3)}}`, 3),
  ],
  [
    "weights/offsets",
    "an overlap",
    handwritten(`{${entry("a", "U8", "[2]", 0, 2)},${entry("b", "U8", "[2]", 1, 3)}}`, 3),
  ],
  [
    "weights/offsets",
    "two tensors on the same bytes",
    handwritten(`{${entry("a", "U8", "[2]", 0, 2)},${entry("b", "U8", "[2]", 0, 2)}}`, 2),
  ],
  [
    "weights/offsets",
    "an end before its begin",
    handwritten(`{${entry("a", "U8", "[2]", 0, 2)},${entry("b", "U8", "[1]", 2, 1)}}`, 2),
  ],
  [
    "weights/offsets",
    "a tensor without elements inside another",
    handwritten(`{${entry("a", "U8", "[2]", 0, 2)},${entry("z", "U8", "[0]", 1, 1)}}`, 2),
  ],
  ["weights/size-overflow", "2^64 elements", handwritten(`{${entry("w", "U8", "[4294967296,4294967296]", 0, 4)}}`, 4)],
  ["weights/size-overflow", "2^64 bits", handwritten(`{${entry("w", "U8", "[2305843009213693952]", 0, 4)}}`, 4)],
  [
    "weights/size-overflow",
    "a product that overflows before a 0",
    handwritten(`{${entry("w", "U8", "[18446744073709551615,2,0]", 0, 0)}}`),
  ],
  ["weights/size-not-whole-bytes", "three four-bit floats", handwritten(`{${entry("w", "F4", "[3]", 0, 2)}}`, 2)],
  ["weights/size-not-whole-bytes", "one six-bit float", handwritten(`{${entry("w", "F6_E2M3", "[1]", 0, 1)}}`, 1)],
  ["weights/size-mismatch", "fewer bytes than the shape needs", handwritten(`{${entry("w", "F32", "[2]", 0, 4)}}`, 4)],
  ["weights/size-mismatch", "more bytes than the shape needs", handwritten(`{${entry("w", "F32", "[0]", 0, 4)}}`, 4)],
  ["weights/data-cut", "a missing last byte", handwritten(oneTensor(), 3)],
  [
    "weights/data-cut",
    "an end beyond 2^53",
    handwritten(`{${entry("w", "U8", "[9007199254740993]", 0, "9007199254740993")}}`, 4),
  ],
  ["weights/trailing-bytes", "one byte more", handwritten(oneTensor(), 5)],
  ["weights/trailing-bytes", "data without tensors", handwritten("{}", 8)],
  [
    "weights/name-too-long",
    "a name of 4,097 characters",
    handwritten(`{${entry("n".repeat(4097), "U8", "[]", 0, 1)}}`, 1),
  ],
  ["weights/other-format", "a pickle", new Uint8Array([0x80, 2, 0x7d, 0x71, 0, 0x28, 0x58, 1, 0, 0, 0])],
  ["weights/other-format", "a zip archive", Uint8Array.from({ length: 64 }, (_, i) => [0x50, 0x4b, 3, 4][i] ?? 0)],
  [
    "weights/other-format",
    "an LFS pointer",
    new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
  ],
  ["weights/other-format", "an HTML page", new TextEncoder().encode("\n<!DOCTYPE html><html></html>")],
  ["weights/other-format", "a GGUF file", new TextEncoder().encode("GGUF\u0003\0\0\0\0\0\0\0")],
  ["weights/other-format", "an HDF5 file", new Uint8Array([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0])],
  ["weights/other-format", "a config", new TextEncoder().encode(`{"architectures": ["ViT"]}`)],
  ["weights/other-format", "an error in words", new TextEncoder().encode("Entry not found")],
];

/** The code with which `read` refuses; fails if it does not, or with anything but a `WeightsFileError` of a known code. */
export async function refusalOf(read: Promise<unknown>): Promise<string> {
  const error = await read.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightsFileError);
  const { code, message } = error as WeightsFileError;
  expect(Object.keys(WEIGHTS_CODES)).toContain(code);
  expect(message.length).toBeLessThan(1000);
  return code;
}

/** What every reader of one safetensors file does, from memory or from disk. */
export function describeCheckpointReader(name: string, read: ReadAll): void {
  const directory = join(CORPUS, "safetensors");
  const files = (JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as { files: CorpusFile[] }).files;

  describe(`${name} on the corpus`, () => {
    it.each(files.filter((file) => file.our_verdict === "valid"))(
      "reads $file: $reason",
      async ({ file, tensors, metadata }) => {
        const found = await read(readFileSync(join(directory, file)));
        expect({ ...found.metadata }).toEqual({ ...metadata });
        if (file.startsWith("v25_many")) return expect(found.tensors.size).toBe(tensors!.count);
        const contents = [...found.tensors].map(([key, { dtype, shape, bytes }]) => [
          key,
          { dtype, shape, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
        ]);
        expect(Object.fromEntries(contents)).toEqual(tensors);
      },
    );

    it.each(files.filter((file) => file.our_verdict === "invalid"))(
      "refuses $file: $reason",
      async ({ file, ref_error }) => {
        expect(CODES_OF[ref_error ?? "none"]).toContain(await refusalOf(read(readFileSync(join(directory, file)))));
      },
    );
  });

  describe(`${name} on handwritten files`, () => {
    it.each(VALID)("accepts %s", async (_, header, dataBytes) => {
      const { tensors } = await read(handwritten(header, dataBytes));
      expect([...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(dataBytes);
    });

    it.each(BROKEN)("refuses with %s: %s", async (code, _, file) => {
      expect(await refusalOf(read(file))).toBe(code);
    });

    it("has a broken file for every code that speaks of a file's contents", () => {
      const tested = new Set(BROKEN.map(([code]) => code)).add("weights/too-many-tensors");
      const contents = Object.keys(WEIGHTS_CODES).slice(0, Object.keys(WEIGHTS_CODES).indexOf("weights/not-found"));
      expect([...tested].sort()).toEqual(contents.sort());
    });

    it("gives tensors in the order of their bytes", async () => {
      const file = handwritten(`{${entry("b", "U8", "[2]", 4, 6)},${entry("a", "F32", "[1]", 0, 4)}}`, 6);
      const { tensors } = await read(file);
      expect([...tensors].map(([key, { bytes }]) => [key, [...bytes]])).toEqual([
        ["a", [1, 2, 3, 4]],
        ["b", [5, 6]],
      ]);
    });

    it("keeps __proto__ a name like any other", async () => {
      const file = handwritten(
        `{"__metadata__":{"__proto__":"x","polluted":"y"},${entry("__proto__", "U8", "[1]", 0, 1)}}`,
        1,
      );
      const { tensors, metadata } = await read(file);
      expect(Object.keys(metadata)).toEqual(["__proto__", "polluted"]);
      expect([...tensors.keys()]).toEqual(["__proto__"]);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });

    it("stops at the limits that it is given", async () => {
      const two = handwritten(`{${entry("a", "U8", "[1]", 0, 1)},${entry("bb", "U8", "[1]", 1, 2)}}`, 2);
      expect((await read(two, { tensors: 2, nameLength: 2 })).tensors.size).toBe(2);
      expect(await refusalOf(read(two, { tensors: 1 }))).toBe("weights/too-many-tensors");
      expect(await refusalOf(read(two, { nameLength: 1 }))).toBe("weights/name-too-long");
      expect(await refusalOf(read(two, { headerBytes: two.length - 11 }))).toBe("weights/header-too-large");
    });

    it("reads a header of 100,000,000 bytes, padded, within 5 s", async () => {
      const json = new Uint8Array(100_000_000).fill(0x20);
      json.set(new TextEncoder().encode(oneTensor()));
      const begin = performance.now();
      expect((await read(handwritten(json, 4))).tensors.size).toBe(1);
      expect(performance.now() - begin).toBeLessThan(5000);
    });

    it("gives up on a million tensors over one range within 5 s", async () => {
      const entries = Array.from({ length: 1e6 }, (_, i) => entry(`t${i}`, "U8", "[1]", 0, 1));
      const file = handwritten(`{${entries}}`, 1);
      const begin = performance.now();
      expect(await refusalOf(read(file))).toBe("weights/too-many-tensors");
      expect(performance.now() - begin).toBeLessThan(5000);
    });
  });
}
