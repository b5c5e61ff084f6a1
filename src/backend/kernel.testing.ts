import { createHash } from "node:crypto";
import "@tensorflow/tfjs-backend-cpu";
// Registers TF.js's own gradients.
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KernelPlan } from "./engine-module.js";
import { registerVitrailBackend } from "./register-backend.js";
import { BACKEND_NAME, VitrailBackend } from "./vitrail-backend.js";

const block = (rows: number, columns: number) => ({ rows, columns });
const i12 = { quantized: { kind: "i12", block: block(2, 16) } } as const;
const relaxed = { ...i12, instructions: "relaxed", multiplication: "relaxed", memory: "shared" } as const;
const plain = { ...i12, instructions: "plain", multiplication: "plain", memory: "plain" } as const;

/** Kernels are tried with each of these; the relaxed ones have to give the same bits. */
export const CONFIGURATIONS: Record<string, { plan: KernelPlan; threads: number }> = {
  "3x12 blocks, 1 thread": { plan: { ...relaxed, wide: block(3, 12), narrow: block(2, 16) }, threads: 1 },
  "3x12 blocks, 2 threads": { plan: { ...relaxed, wide: block(3, 12), narrow: block(2, 16) }, threads: 2 },
  "6x8 blocks, 3 threads": { plan: { ...relaxed, wide: block(6, 8), narrow: block(6, 8) }, threads: 3 },
  "6x16 blocks in pairs, 4 threads": {
    plan: { ...relaxed, instructions: "revectorized", wide: block(6, 16), narrow: block(6, 16) },
    threads: 4,
  },
  "plain SIMD and memory, 1 thread": { plan: { ...plain, wide: block(2, 16), narrow: block(4, 8) }, threads: 1 },
};

/** Makes a backend of its own plan the active one, in place of the one before. */
export async function useConfiguration(name: keyof typeof CONFIGURATIONS): Promise<VitrailBackend> {
  const { plan, threads } = CONFIGURATIONS[name]!;
  registerVitrailBackend();
  await tf.setBackend("cpu");
  tf.removeBackend(BACKEND_NAME);
  tf.registerBackend(BACKEND_NAME, () => new VitrailBackend(plan, threads));
  await tf.setBackend(BACKEND_NAME);
  return tf.backend() as VitrailBackend;
}

/** Seeded numbers in (-scale, scale). */
export function seeded(shape: number[], seed: number, scale = 1): tf.Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  let state = seed * 7919 + 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * 2 * scale;
  }
  return tf.tensor(values, shape);
}

/** What reads a weight that is stored as these bytes, from `begin` on, as a loader's upload asks for it. */
export const fillFrom =
  (bytes: Uint8Array) =>
  (view: Uint8Array, begin = 0): void =>
    view.set(bytes.subarray(begin, begin + view.length));

export interface KernelCase {
  inputs: number[][];
  /** Inputs lie within plus and minus this; default 1. */
  scale?: number;
  compute: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Largest difference over the largest value. */
  bound?: number;
  /** For gradients; left out, they are not tried. */
  gradientBound?: number;
}

/**
 * Tries a kernel at many sizes, in every configuration: its numbers, and its gradients, are those that TF.js's CPU backend computes for the
 * same op, and they have the same bits for any register block and number of threads.
 */
export function describeKernel(name: string, cases: Record<string, KernelCase>): void {
  describe(name, () => {
    const titles = Object.keys(cases);
    const run = (title: string): Float32Array[] => {
      const { inputs, scale, compute, gradientBound } = cases[title]!;
      const tensors = inputs.map((shape, i) => seeded(shape, i + 1, scale));
      const before = tf.memory().numTensors;
      const outputs = tf.tidy(() => {
        const y = compute(...tensors);
        return gradientBound === undefined ? [y] : [y, ...tf.grads(compute)(tensors, seeded(y.shape, 99))];
      });
      const results = outputs.map((output) => output.dataSync() as Float32Array);
      tf.dispose(outputs);
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(tensors);
      return results;
    };
    const expected = new Map<string, Float32Array[]>();
    const digests = new Map<string, string>();
    beforeAll(async () => {
      await tf.setBackend("cpu");
      for (const title of titles) expected.set(title, run(title));
    });

    describe.each(Object.keys(CONFIGURATIONS))("with %s", (configuration) => {
      let backend: VitrailBackend;
      beforeAll(async () => {
        backend = await useConfiguration(configuration);
      });
      afterAll(() => backend.pool.dispose());

      it.each(titles)(`%s: is the CPU backend's within its bound`, (title) => {
        const { bound = 2e-6, gradientBound = 0 } = cases[title]!;
        const results = run(title);
        const largest = Math.max(...expected.get(title)!.map(largestOf));
        results.forEach((result, i) => {
          const wanted = expected.get(title)![i]!;
          // A gradient that is nothing but rounding, a key bias's, is measured by the others.
          const scale = Math.max(largestOf(wanted), i === 0 ? 0 : largest * 1e-2);
          expect(differenceOf(result, wanted) / scale).toBeLessThanOrEqual(i === 0 ? bound : gradientBound);
        });
        if (CONFIGURATIONS[configuration]!.plan.multiplication === "plain") return;
        const digest = digestOf(results);
        expect(digest).toBe(digests.get(title) ?? digest);
        digests.set(title, digest);
      });
    });
  });
}

function digestOf(results: Float32Array[]): string {
  const hash = createHash("sha256");
  for (const result of results) hash.update(result);
  return hash.digest("hex");
}

const largestOf = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Infinite where one has a NaN, which no maximum would show. */
function differenceOf(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return most;
}
