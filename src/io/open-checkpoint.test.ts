import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../errors.js";
import { describeCheckpointReader, refusalOf } from "./describe-checkpoint-reader.testing.js";
import { openCheckpoint } from "./open-checkpoint.js";
import { CORPUS, entry, handwritten, oneTensor } from "./safetensors-file.testing.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, contents: string | Uint8Array) => {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, contents);
  return path;
};
const single = (value = 1) => {
  const file = handwritten(oneTensor(), 4);
  return file.fill(value, file.length - 4);
};
const index = (map: Record<string, string>) => JSON.stringify({ metadata: {}, weight_map: map });
const INDEX = "model.safetensors.index.json";

describeCheckpointReader("openCheckpoint", async (file, limits) => {
  await using checkpoint = await openCheckpoint(put("model.safetensors", file), limits);
  const read = async (name: string) => {
    const { dtype, shape, byteLength } = checkpoint.tensors.get(name)!;
    const bytes = await checkpoint.readBytes(name);
    const blocking = new Uint8Array(byteLength);
    checkpoint.readIntoSync(name, blocking);
    expect(Buffer.from(blocking).equals(bytes)).toBe(true);
    return [name, { dtype, shape, bytes }] as const;
  };
  return {
    metadata: checkpoint.metadata,
    tensors: new Map(await Promise.all([...checkpoint.tensors.keys()].map(read))),
  };
});

describe("openCheckpoint on the corpus of sharded folders", () => {
  const CODES: Record<string, string> = {
    bad_missing_shard: "weights/shard-missing",
    bad_tensor_in_wrong_shard: "weights/tensor-not-in-shard",
    bad_dup_tensor_two_shards: "weights/duplicate-tensor",
    bad_traversal_abs: "weights/shard-path",
    bad_nul_in_name: "weights/shard-path",
    bad_pickle_shard: "weights/other-format",
    bad_empty_weight_map: "weights/index-empty",
    bad_no_weight_map: "weights/index",
    bad_weight_map_array: "weights/index",
    bad_weight_map_value_number: "weights/index",
    bad_index_not_json: "weights/index",
    bad_index_empty: "weights/index",
    bad_index_root_array: "weights/index",
    bad_dup_index_key: "weights/duplicate-key",
    bad_shard_trailing: "weights/trailing-bytes",
    bad_case_mismatch: "weights/shard-missing",
    bad_shard_is_directory: "weights/not-a-file",
    bad_proto_key: "weights/index",
  };
  const { dirs } = JSON.parse(readFileSync(join(CORPUS, "sharded", "manifest.json"), "utf8")) as {
    dirs: { dir: string; our_verdict: string; reason: string; tensors?: Record<string, string> }[];
  };

  it.each(dirs)("$dir: $reason", async ({ dir, our_verdict, tensors }) => {
    const path = join(CORPUS, "sharded", dir);
    if (our_verdict !== "valid") return expect(await refusalOf(openCheckpoint(path))).toBe(CODES[dir]);
    await using checkpoint = await openCheckpoint(path);
    const hashes: Record<string, string> = {};
    for (const name of checkpoint.tensors.keys())
      hashes[name] = createHash("sha256")
        .update(await checkpoint.readBytes(name))
        .digest("hex");
    expect(hashes).toEqual(tensors);
    const odd = ["ok_no_metadata", "ok_total_size_wrong", "ok_extra_tensor_in_shard"].includes(dir);
    expect(checkpoint.warnings).toHaveLength(odd ? 1 : 0);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("openCheckpoint on an index", () => {
  it.each([
    "../other/s.safetensors",
    "a/../../s.safetensors",
    "./s.safetensors",
    "a//s.safetensors",
    "/s.safetensors",
    "..\\s.safetensors",
    "C:s.safetensors",
    "s\n.safetensors",
    "",
    "..",
  ])("refuses a shard at %j even if a file is there", async (shard) => {
    put("model/s.safetensors", single());
    put("other/s.safetensors", single());
    put(`model/${INDEX}`, index({ w: shard }));
    expect(await refusalOf(openCheckpoint(join(folder, "model")))).toBe("weights/shard-path");
  });

  it("accepts a shard in a folder below", async () => {
    put("parts/s.safetensors", single(7));
    put(INDEX, index({ w: "parts/s.safetensors" }));
    await using checkpoint = await openCheckpoint(folder);
    expect(await checkpoint.readBytes("w")).toEqual(new Uint8Array(4).fill(7));
  });

  it("accepts copies of a tensor that are equal, refuses them when a byte, a shape or a dtype differs", async () => {
    put(INDEX, index({ w: "1.safetensors", v: "2.safetensors" }));
    const second = (dtype: string, shape: string, last: number) => {
      const file = handwritten(`{${entry("v", "U8", "[1]", 0, 1)},${entry("w", dtype, shape, 1, 5)}}`, 5);
      return file.fill(1, file.length - 4).fill(last, file.length - 1);
    };
    put("1.safetensors", single(1));
    put("2.safetensors", second("F32", "[]", 1));
    await using checkpoint = await openCheckpoint(folder);
    expect(checkpoint.tensors.get("w")!.file).toBe(join(folder, "1.safetensors"));
    for (const other of [second("F32", "[]", 2), second("F32", "[1]", 1), second("U32", "[]", 1)]) {
      put("2.safetensors", other);
      expect(await refusalOf(openCheckpoint(folder))).toBe("weights/duplicate-tensor");
    }
  });

  it.each([
    '{"weight_map":{"w":null}}',
    '{"weight_map":null}',
    '\ufeff{"weight_map":{"w":"s.safetensors"}}',
    '{"weight_map":{"w":"s.safetensors"}} x',
    '{"weight_map":{"w":"s.safetensors"},}',
    '"\ud800',
  ])("refuses the malformed index %j", async (text) => {
    put("s.safetensors", single());
    expect(await refusalOf(openCheckpoint(put(INDEX, text)))).toBe("weights/index");
  });

  it("names the shard whose header is broken", async () => {
    put(INDEX, index({ w: "s.safetensors" }));
    put("s.safetensors", single().subarray(0, -1));
    await expect(openCheckpoint(folder)).rejects.toThrow("s.safetensors");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: "weights/data-cut" });
  });
});

describe("openCheckpoint on a path", () => {
  it("takes a folder, a file, an index and a file URL", async () => {
    put(INDEX, index({ w: "model.safetensors" }));
    const file = put("model.safetensors", single());
    for (const path of [folder, file, join(folder, INDEX), pathToFileURL(file)]) {
      await using checkpoint = await openCheckpoint(path);
      const offset = readFileSync(file).length - 4;
      expect([...checkpoint.tensors.values()]).toEqual([{ dtype: "F32", shape: [], file, offset, byteLength: 4 }]);
    }
  });

  it("prefers the single file to an index, as transformers does", async () => {
    put("model.safetensors", single(1));
    put("s.safetensors", single(2));
    put(INDEX, index({ w: "s.safetensors" }));
    await using checkpoint = await openCheckpoint(folder);
    expect(await checkpoint.readBytes("w")).toEqual(new Uint8Array(4).fill(1));
  });

  it("follows the links of the Hub's cache, to single files and to shards", async () => {
    put("blobs/aaaa", single(3));
    for (const [snapshot, name] of [
      ["one", "model.safetensors"],
      ["two", "model-00001-of-00001.safetensors"],
    ] as const) {
      mkdirSync(join(folder, "snapshots", snapshot), { recursive: true });
      symlinkSync("../../blobs/aaaa", join(folder, "snapshots", snapshot, name));
    }
    put("blobs/bbbb", index({ w: "model-00001-of-00001.safetensors" }));
    symlinkSync("../../blobs/bbbb", join(folder, "snapshots/two", INDEX));
    for (const snapshot of ["one", "two"]) {
      await using checkpoint = await openCheckpoint(join(folder, "snapshots", snapshot));
      expect(await checkpoint.readBytes("w")).toEqual(new Uint8Array(4).fill(3));
    }
  });

  it("says that a link leads nowhere", async () => {
    symlinkSync("../blobs/gone", join(folder, "model.safetensors"));
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: "weights/not-found",
      message: expect.stringContaining("link"),
    });
  });

  it.each([
    [["pytorch_model.bin", "config.json"], "PyTorch pickles"],
    [["tf_model.h5"], "Keras weights"],
    [["onnx.onnx"], "ONNX models"],
    [["flax_model.msgpack"], "Flax weights"],
    [["model.fp16.safetensors"], "Give the path of the file"],
    [["config.json"], '"config.json"'],
    [[], "nothing at all"],
  ])("says of a folder with %j what it found: %s", async (names, words) => {
    for (const name of names) put(name, "");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: "weights/none-in-folder",
      message: expect.stringContaining(words),
    });
  });

  it("refuses what is not there, no file, or no path", async () => {
    expect(await refusalOf(openCheckpoint(join(folder, "nothing")))).toBe("weights/not-found");
    expect(await refusalOf(openCheckpoint(join(put("file", ""), "below")))).toBe("weights/not-found");
    expect(await refusalOf(openCheckpoint(put("empty.safetensors", "")))).toBe("weights/header-too-small");
    mkdirSync(join(folder, "model.safetensors"));
    expect(await refusalOf(openCheckpoint(folder))).toBe("weights/not-a-file");
    for (const path of ["", "a\0b", undefined, 5, new Uint8Array(8), new URL("http://example.org/")])
      await expect(openCheckpoint(path as never)).rejects.toThrow(InputError);
  });

  it.skipIf(process.platform === "win32")("does not wait for the writer of a pipe", async () => {
    execFileSync("mkfifo", [join(folder, "model.safetensors")]);
    expect(await refusalOf(openCheckpoint(folder))).toBe("weights/not-a-file");
  });
});

describe("an open checkpoint", () => {
  const two = handwritten(
    `{"__metadata__":{"format":"pt"},${entry("a", "U8", "[6]", 0, 6)},${entry("b", "U8", "[2]", 6, 8)}}`,
    8,
  );

  it("reads ranges, asynchronously and blocking", async () => {
    await using checkpoint = await openCheckpoint(put("t.safetensors", two));
    for (const [begin, end] of [
      [0, 6],
      [2, 5],
      [3, 3],
      [6, 6],
    ] as const) {
      const wanted = Uint8Array.of(1, 2, 3, 4, 5, 6).slice(begin, end);
      const [later, now] = [new Uint8Array(end - begin), new Uint8Array(end - begin)];
      await checkpoint.readInto("a", later, { begin, end });
      checkpoint.readIntoSync("a", now, { begin, end });
      expect([later, now]).toEqual([wanted, wanted]);
    }
  });

  it.each([
    ["input/range", "a", 8, { begin: 0, end: 8 }],
    ["input/range", "a", 1, { begin: -1, end: 0 }],
    ["input/range", "a", 1, { begin: 2, end: 1 }],
    ["input/range", "a", 1, { begin: 0.5, end: 1.5 }],
    ["input/target", "a", 5, undefined],
    ["input/target", "a", 7, { begin: 0, end: 6 }],
    ["input/unknown-tensor", "c", 6, undefined],
    ["input/unknown-tensor", "__metadata__", 6, undefined],
  ])("refuses with %s: tensor %s into %i bytes at %j", async (code, name, length, range) => {
    await using checkpoint = await openCheckpoint(put("t.safetensors", two));
    await expect(checkpoint.readInto(name, new Uint8Array(length), range)).rejects.toMatchObject({ code });
    expect(() => checkpoint.readIntoSync(name, new Uint8Array(length), range)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("closes twice without harm and reads nothing after that", async () => {
    const checkpoint = await openCheckpoint(put("t.safetensors", two));
    const early = checkpoint.readBytes("a").catch((error) => error.code);
    await Promise.all([checkpoint.close(), checkpoint.close()]);
    await checkpoint.close();
    expect([Uint8Array.of(1, 2, 3, 4, 5, 6), "input/closed"]).toContainEqual(await early);
    await expect(checkpoint.readBytes("a")).rejects.toMatchObject({ code: "input/closed" });
    expect(() => checkpoint.readIntoSync("a", new Uint8Array(6))).toThrow(InputError);
  });

  it.each<[string, (path: string) => void]>([
    ["cut", (path) => truncateSync(path, two.length - 4)],
    ["emptied", (path) => truncateSync(path, 0)],
    ["longer", (path) => appendFileSync(path, "x")],
    ["written over in place", (path) => writeFileSync(path, two.slice().reverse(), { flag: "r+" })],
  ])("notices that its file was %s", async (_, change) => {
    const path = put("t.safetensors", two);
    utimesSync(path, 1e9, 1e9);
    await using checkpoint = await openCheckpoint(path);
    await checkpoint.readBytes("b");
    change(path);
    expect(await refusalOf(checkpoint.readBytes("b"))).toBe("weights/file-changed");
    expect(() => checkpoint.readIntoSync("b", new Uint8Array(2))).toThrow(
      expect.objectContaining({ code: "weights/file-changed" }),
    );
  });

  it("notices a longer file even if its time of change was set back", async () => {
    const path = put("t.safetensors", two);
    utimesSync(path, 1e9, 1e9);
    await using checkpoint = await openCheckpoint(path);
    appendFileSync(path, "x");
    utimesSync(path, 1e9, 1e9);
    expect(await refusalOf(checkpoint.readBytes("b"))).toBe("weights/file-changed");
  });

  it("goes on with the old file when a new one takes its name", async () => {
    const path = put("t.safetensors", two);
    await using checkpoint = await openCheckpoint(path);
    renameSync(put("new.safetensors", single(9)), path);
    expect(await checkpoint.readBytes("b")).toEqual(Uint8Array.of(7, 8));
  });

  it("takes the first word of its shards' metadata", async () => {
    put(INDEX, index({ a: "1.safetensors", w: "2.safetensors" }));
    put("1.safetensors", two);
    put("2.safetensors", handwritten(`{"__metadata__":{"format":"np","by":"hand"},${oneTensor().slice(1)}`, 4));
    await using checkpoint = await openCheckpoint(folder);
    expect({ ...checkpoint.metadata }).toEqual({ format: "pt", by: "hand" });
    expect([...checkpoint.tensors.keys()]).toEqual(["a", "w"]);
  });

  it("reads beyond 4 GiB, and refuses a tensor that no memory holds", async () => {
    const big = 6 * 2 ** 30;
    const header = `{${entry("big", "U8", `[${big}]`, 0, big)},${entry("last", "U8", "[4]", big, big + 4)}}`;
    const path = put("big.safetensors", handwritten(header));
    const begin = 8 + header.length;
    // A sparse file: it has this length and takes a few blocks.
    truncateSync(path, begin + big + 4);
    const file = openSync(path, "r+");
    writeSync(file, Uint8Array.of(1, 2, 3, 4, 5), 0, 5, begin + big - 1);
    closeSync(file);
    await using checkpoint = await openCheckpoint(path);
    expect(await checkpoint.readBytes("last")).toEqual(Uint8Array.of(2, 3, 4, 5));
    const end = new Uint8Array(2);
    await checkpoint.readInto("big", end, { begin: big - 2, end: big });
    expect(end).toEqual(Uint8Array.of(0, 1));
    if (Number(process.versions.node.split(".")[0]) < 22)
      expect(await refusalOf(checkpoint.readBytes("big"))).toBe("weights/out-of-memory");
  });
});
