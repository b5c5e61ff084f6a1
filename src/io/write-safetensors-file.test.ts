import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openCheckpoint } from "./open-checkpoint.js";
import type { TensorToWrite } from "./write-safetensors.js";
import { writeSafetensors } from "./write-safetensors.js";
import { writeSafetensorsFile } from "./write-safetensors-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-writer-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tensors = new Map<string, TensorToWrite>([
  ["b", { dtype: "F16", shape: [3], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
  ["a", { dtype: "F32", shape: [1, 1], bytes: Uint8Array.of(7, 8, 9, 10) }],
  ["empty", { dtype: "F32", shape: [0], bytes: new Uint8Array(0) }],
]);

it("writes the bytes of writeSafetensors and leaves nothing else", async () => {
  const path = join(folder, "model.safetensors");
  await writeSafetensorsFile(path, tensors, { format: "pt" });
  expect(readFileSync(path)).toEqual(Buffer.from(writeSafetensors(tensors, { format: "pt" })));
  expect(readdirSync(folder)).toEqual(["model.safetensors"]);
});

it("asks for a tensor's bytes when their turn comes, in the order of the file", async () => {
  const asked: string[] = [];
  const noting = (name: string, bytes: Uint8Array) => async () => {
    asked.push(name);
    return bytes;
  };
  const sources = [...tensors].map(
    ([name, tensor]) => [name, { ...tensor, bytes: noting(name, tensor.bytes) }] as const,
  );
  const path = join(folder, "model.safetensors");
  await writeSafetensorsFile(path, sources);
  expect(asked).toEqual(["a", "empty", "b"]);
  expect(readFileSync(path)).toEqual(Buffer.from(writeSafetensors(tensors)));
});

it("writes over the file that it reads from", async () => {
  const path = join(folder, "model.safetensors");
  writeFileSync(path, writeSafetensors(tensors));
  await using checkpoint = await openCheckpoint(path);
  const copies = [...checkpoint.tensors].map(
    ([name, { dtype, shape }]) => [`new.${name}`, { dtype, shape, bytes: () => checkpoint.readBytes(name) }] as const,
  );
  await writeSafetensorsFile(path, copies);
  await using renamed = await openCheckpoint(path);
  expect([...(await renamed.readBytes("new.b"))]).toEqual([1, 2, 3, 4, 5, 6]);
});

it("leaves the old file, and no rest, when a source fails, lies about its length or the header is refused", async () => {
  const path = join(folder, "model.safetensors");
  writeFileSync(path, "old");
  const one = (bytes: () => Uint8Array) => [["w", { dtype: "F32", shape: [1], bytes }]] as const;
  const failure = new Error("the source's own");
  await expect(
    writeSafetensorsFile(
      path,
      one(() => {
        throw failure;
      }),
    ),
  ).rejects.toBe(failure);
  await expect(
    writeSafetensorsFile(
      path,
      one(() => new Uint8Array(5)),
    ),
  ).rejects.toMatchObject({ code: "weights/writer-bytes" });
  await expect(writeSafetensorsFile(path, [["__metadata__", tensors.get("a")!]])).rejects.toMatchObject({
    code: "weights/writer-name",
  });
  expect(readdirSync(folder)).toEqual(["model.safetensors"]);
  expect(readFileSync(path, "utf8")).toBe("old");
});

it("refuses a folder that is not there, a folder in its place, and no path", async () => {
  await expect(writeSafetensorsFile(join(folder, "none", "m.safetensors"), tensors)).rejects.toMatchObject({
    code: "weights/writer-failed",
  });
  mkdirSync(join(folder, "m.safetensors"));
  await expect(writeSafetensorsFile(join(folder, "m.safetensors"), tensors)).rejects.toMatchObject({
    code: "weights/writer-failed",
  });
  expect(readdirSync(folder)).toEqual(["m.safetensors"]);
  await expect(writeSafetensorsFile("", tensors)).rejects.toMatchObject({ code: "input/not-a-path" });
  await expect(writeSafetensorsFile(5 as never, tensors)).rejects.toMatchObject({ code: "input/not-a-path" });
});
