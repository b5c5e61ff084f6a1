import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { linear } from "../ops/linear.js";
import { CONFIGURATIONS, seeded, useConfiguration } from "./kernel.testing.js";
import type { VitrailBackend } from "./vitrail-backend.js";

/** Panels and rows differ by what hangs over. */
const SLACK_BYTES = 65536;

const bytesOf = (x: tf.Tensor | Float32Array) => {
  const { buffer, byteOffset, byteLength } = (x instanceof tf.Tensor ? x.dataSync() : x) as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
};

describe.each(Object.keys(CONFIGURATIONS))("VitrailBackend with %s", (configuration) => {
  let backend: VitrailBackend;
  const inUse = () => backend.memoryBlocks.inUse;
  beforeAll(async () => {
    backend = await useConfiguration(configuration);
    tf.tidy(() => tf.matMul(tf.ones([8, 8]), tf.ones([8, 8]))); // the zeros that stand for a missing bias stay
  });
  afterAll(() => backend.pool.dispose());

  it("keeps a weight in panels only from its second use on, and it still reads, multiplies and trains as a tensor", () => {
    const values = seeded([150, 130], 3);
    const numbers = values.dataSync();
    const weight = tf.variable(values);
    values.dispose();
    const x = tf.ones([2, 150]);
    const before = inUse();
    const use = () => tf.tidy(() => linear(x, weight).dataSync());
    const [first, second, third] = [use(), use(), use()];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(backend.storage(weight.dataId).place.at).toBe("packed");
    expect(inUse() - before).toBeLessThan(150 * 130 * 4 + SLACK_BYTES);
    expect(weight.dataSync()).toEqual(numbers);
    expect(tf.tidy(() => tf.matMul(tf.ones([1, 130]), weight as tf.Tensor2D, false, true).dataSync())).toHaveLength(
      150,
    );
    tf.tidy(() => weight.assign(tf.zeros([150, 130])));
    expect(use()).toEqual(new Float32Array(260));
    tf.dispose([weight, x]);
    expect(inUse()).toBeLessThanOrEqual(before);
  });

  it("what dataSync gave, and what a CPU kernel cut out, stay when the tensor's memory is used again", () => {
    const x = tf.ones([64, 64]) as tf.Tensor2D;
    const y = tf.matMul(x, x);
    const numbers = y.dataSync();
    const slice = tf.slice(y, [0, 0], [1, 64]);
    y.dispose();
    const z = tf.tidy(() => tf.matMul(tf.mul(x, 2), x));
    expect(numbers[0]).toBe(64);
    expect(slice.dataSync()[0]).toBe(64);
    expect(numbers.buffer).toBeInstanceOf(ArrayBuffer);
    tf.dispose([x, slice, z]);
  });

  it("tensors from before a growth of the memory are right after it", () => {
    const x = tf.ones([32, 32]) as tf.Tensor2D;
    const y = tf.matMul(x, x);
    const values = () => backend.storage(y.dataId).values as Float32Array;
    expect(values()[5]).toBe(32);
    const bytes = backend.memoryBlocks.wasm.buffer.byteLength;
    const block = backend.memoryBlocks.allocate(bytes);
    expect(backend.memoryBlocks.wasm.buffer.byteLength).toBeGreaterThan(bytes);
    const after = tf.tidy(() => tf.add(tf.matMul(y, x), 1));
    expect(values()[5]).toBe(32);
    expect(after.dataSync()[7]).toBe(1025);
    backend.memoryBlocks.release(block);
    tf.dispose([x, y, after]);
  });

  it("computes on blocks that lie across 2 GiB, where addresses get negative as signed numbers", () => {
    const size = 40_000;
    const [border, bytes] = [2 ** 31, size * 4];
    // Nothing is written there: it is address space, not memory.
    const before = backend.memoryBlocks.allocate(border - 2 ** 25);
    const blocks = [backend.memoryBlocks.allocate(64 * 1024)];
    while (blocks.at(-1)! < border - 2 * bytes) blocks.push(backend.memoryBlocks.allocate(64 * 1024));
    const x = seeded([size], 1);
    const wanted = (x.dataSync() as Float32Array).map((value) => value + 1);
    const results = Array.from({ length: 8 }, () => tf.relu(tf.add(x, 1)));
    for (const result of results) expect(Buffer.compare(bytesOf(result), bytesOf(wanted))).toBe(0);
    expect(backend.memoryBlocks.wasm.buffer.byteLength).toBeGreaterThan(border);
    for (const start of [before, ...blocks]) backend.memoryBlocks.release(start);
    tf.dispose([x, ...results]);
  });

  it("scratch within scratch is released on its own, also when a longer run of zeros is made meanwhile", () => {
    const before = inUse();
    backend.withScratch(() => {
      const outer = backend.scratch(1000);
      const zeros = backend.withScratch(() => {
        backend.scratch(2000);
        return backend.zeros(9000);
      });
      expect([...backend.memoryBlocks.floats(zeros, 9000)].every((value) => value === 0)).toBe(true);
      expect(backend.scratch(1000)).not.toBe(outer);
    });
    expect(inUse()).toBeLessThanOrEqual(before + 16384 * 4);
  });

  it("1000 products, and a kernel that throws, leave no memory behind", () => {
    const x = tf.ones([33, 40]) as tf.Tensor2D;
    const w = tf.ones([40, 31]) as tf.Tensor2D;
    const product = () => tf.tidy(() => tf.matMul(x, w).dataSync()[0]);
    product();
    product();
    const before = inUse();
    for (let i = 0; i < 1000; i++) product();
    const misfit = () => tf.tidy(() => linear(x, tf.ones([3, 3])));
    expect(misfit).toThrow(expect.objectContaining({ code: "engine/shape" }));
    expect(inUse()).toBe(before);
    tf.dispose([x, w]);
  });

  it("computes on integers and booleans where TF.js does, and on empty tensors", () => {
    const result = tf.tidy(() => ({
      integers: tf.matMul(tf.tensor2d([[1, 2]], [1, 2], "int32"), tf.tensor2d([[3], [4]], [2, 1], "int32")),
      booleans: tf.add(tf.tensor1d([true, false], "bool"), tf.tensor1d([1, 2], "int32")),
      empty: tf.matMul(tf.zeros([0, 4]), tf.zeros([4, 2])),
      none: tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 2])),
    }));
    expect([...result.integers.dataSync()]).toEqual([11]);
    expect([...result.booleans.dataSync()]).toEqual([2, 2]);
    expect(result.empty.shape).toEqual([0, 2]);
    expect([...result.none.dataSync()]).toEqual([0, 0, 0, 0]);
    tf.dispose(result);
  });

  it("gives a lost tensor's memory back when it is collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const before = inUse();
    (() => {
      const x = tf.ones([256, 256]) as tf.Tensor2D;
      tf.matMul(x, x);
    })();
    expect(inUse()).toBeGreaterThanOrEqual(before + 2 * 256 * 256 * 4);
    for (let i = 0; i < 50 && inUse() > before; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(inUse()).toBeLessThanOrEqual(before);
  });

  it("gives the memory back to the system when the last tensor has left it, and goes on", async () => {
    const large = tf.ones([2 ** 25]);
    const sum = tf.add(large, 1);
    const { wasm } = backend.memoryBlocks;
    expect(wasm.buffer.byteLength).toBeGreaterThan(2 ** 27);
    large.dispose();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(backend.memoryBlocks.wasm).toBe(wasm); // a tensor is in it
    expect(sum.dataSync()[2 ** 25 - 1]).toBe(2);
    sum.dispose();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(backend.memoryBlocks.wasm).not.toBe(wasm);
    expect(backend.memoryBlocks.wasm.buffer.byteLength).toBeLessThan(2 ** 24);
    expect(backend.pool.size).toBe(CONFIGURATIONS[configuration]!.threads);
    const x = tf.ones([64, 64]) as tf.Tensor2D;
    expect(tf.tidy(() => linear(x, x).dataSync()[9])).toBe(64);
    x.dispose();
  });

  it("keeps its memory while no other can be had, and gives it back once one can", async () => {
    const later = () => new Promise((resolve) => setTimeout(resolve, 150));
    const large = tf.tidy(() => tf.add(tf.ones([2 ** 25]), 1));
    const { wasm } = backend.memoryBlocks;
    const refused = vi.spyOn(WebAssembly, "Memory").mockImplementation(() => {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    });
    large.dispose();
    for (let i = 0; i < 20 && refused.mock.calls.length === 0; i++) await later();
    expect(refused).toHaveBeenCalled();
    expect(backend.memoryBlocks.wasm).toBe(wasm);
    refused.mockRestore();
    const x = tf.ones([64, 64]) as tf.Tensor2D;
    expect(tf.tidy(() => linear(x, x).dataSync()[9])).toBe(64);
    x.dispose();
    for (let i = 0; i < 20 && backend.memoryBlocks.wasm === wasm; i++) await later();
    expect(backend.memoryBlocks.wasm).not.toBe(wasm);
  });

  it("says what its memory holds", () => {
    const x = tf.ones([64, 64]) as tf.Tensor2D;
    const y = tf.matMul(x, x);
    const { engineBytes, engineBytesPeak } = tf.memory() as unknown as { engineBytes: number; engineBytesPeak: number };
    expect(engineBytes).toBe(inUse());
    expect(engineBytesPeak).toBeGreaterThanOrEqual(engineBytes);
    tf.dispose([x, y]);
  });
});
