import { expect, it } from "vitest";
import { InputError } from "../errors.js";
import { describeCheckpointReader } from "./describe-checkpoint-reader.testing.js";
import { readSafetensors } from "./read-safetensors.js";
import { handwritten, oneTensor } from "./safetensors-file.testing.js";
import { defaultLimits } from "./safetensors-header.js";

describeCheckpointReader("readSafetensors", async (file, limits) => readSafetensors(file, "the file", limits));

it("copies nothing: a tensor is a view of the file's memory", () => {
  const file = handwritten(oneTensor(), 4);
  const { bytes } = readSafetensors(file).tensors.get("w")!;
  expect(bytes.buffer).toBe(file.buffer);
  expect(bytes.byteOffset).toBe(file.length - 4);
});

it("reads an ArrayBuffer, shared memory, and a Buffer in the middle of its pool", () => {
  const file = handwritten(oneTensor(), 4);
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  for (const bytes of [file.buffer as ArrayBuffer, shared, Buffer.from(file)]) {
    const tensor = readSafetensors(bytes).tensors.get("w")!;
    expect(tensor.bytes).toStrictEqual(expect.any(Uint8Array));
    expect([...tensor.bytes]).toEqual([1, 2, 3, 4]);
  }
});

it("names the file and the tensor in its message", () => {
  const broken = handwritten(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4);
  expect(() => readSafetensors(broken, "vit.safetensors")).toThrow(
    `"vit.safetensors" has a tensor "w" of 4 bytes; F32 [2] needs 8.`,
  );
});

it.each(["model.safetensors", undefined, null, [1, 2], 5])("refuses %j, which is no bytes", (value) => {
  expect(() => readSafetensors(value as never)).toThrow(InputError);
});

it("asks for at most 16 MiB of header in a browser and 100 MB in Node", () => {
  expect(defaultLimits({}).headerBytes).toBe(16 * 1024 * 1024);
  expect(defaultLimits().headerBytes).toBe(100_000_000);
});
