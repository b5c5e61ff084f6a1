import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attention } from "../../ops/attention.js";
import { CONFIGURATIONS, seeded, useConfiguration } from "../kernel.testing.js";
import { isByteDotExact } from "../kernel-probe.js";
import { allowRelaxedSimd } from "../threads-node.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { ditherTable } from "../wasm/quantized-weights.js";
import { keysPerBlock } from "./attention-picture.js";

allowRelaxedSimd();
const base = CONFIGURATIONS["3x12 blocks, 2 threads"]!;
const bytes = (kind: "u8" | "u7", rows: number, columns: number, threads: number) => ({
  plan: { ...base.plan, quantized: { kind, block: { rows, columns } } },
  threads,
});
CONFIGURATIONS["bytes in 3x12 blocks, 1 thread"] = bytes("u8", 3, 12, 1);
CONFIGURATIONS["bytes in 6x8 blocks, 3 threads"] = bytes("u8", 6, 8, 3);
CONFIGURATIONS["bytes in 6x16 blocks, 4 threads"] = bytes("u8", 6, 16, 4);
CONFIGURATIONS["7 bits in 3x8 blocks, 2 threads"] = bytes("u7", 3, 8, 2);
CONFIGURATIONS["7 bits in 2x12 blocks, 3 threads"] = bytes("u7", 2, 12, 3);

interface Case {
  batch: number;
  tokens: number;
  heads: number;
  size: number;
  /** Of queries and keys: 1 gives nearly even weights, 4 such that look at a single token. */
  scale: number;
}
const CASES: Case[] = [
  { batch: 1, tokens: 1, heads: 1, size: 4, scale: 1 },
  { batch: 1, tokens: 5, heads: 3, size: 20, scale: 1 },
  { batch: 1, tokens: 31, heads: 2, size: 32, scale: 4 },
  { batch: 2, tokens: 97, heads: 2, size: 64, scale: 1 },
  { batch: 1, tokens: 241, heads: 1, size: 80, scale: 4 },
  { batch: 1, tokens: 499, heads: 1, size: 16, scale: 2 },
];
const titleOf = ({ batch, tokens, heads, size, scale }: Case) =>
  `${batch} × ${tokens} tokens, ${heads} heads of ${size}, up to ${scale}`;

describe.each(Object.keys(CONFIGURATIONS))("attention of small integers with %s", (configuration) => {
  const { plan } = CONFIGURATIONS[configuration]!;
  const { kind } = plan.quantized;
  const isPossible = kind !== "u8" || isByteDotExact("shared");
  let backend: VitrailBackend;
  beforeAll(async () => {
    backend = await useConfiguration(configuration);
  });
  afterAll(() => backend.pool.dispose());

  it.runIf(isPossible).each(CASES.map((one) => [titleOf(one), one] as const))(
    "%s: is what the same steps give in plain code, but for weights at the edge of a step, with the same bits in all blocks and threads",
    (title, { batch, tokens, heads, size, scale }) => {
      const shape = [batch, tokens, heads * size];
      const inputs = [seeded(shape, 1, scale), seeded(shape, 2, scale), seeded(shape, 3)] as const;
      const [q, k, v] = inputs.map((x) => x.dataSync() as Float32Array) as [Float32Array, Float32Array, Float32Array];
      const y = attention(...inputs, heads, "int8");
      const found = y.dataSync() as Float32Array;
      const wanted = plainly({ q, k, v, batch, tokens, heads, size }, kind);
      // A weight of a row's sum that falls on the other side of a step moves it by a step of the largest weight.
      const step = 1 / LARGEST_WEIGHT[kind];
      const [most, mean] = differences(found, wanted);
      expect(most).toBeLessThanOrEqual(2 * step);
      expect(mean).toBeLessThanOrEqual(step / 50);
      y.dispose();
      const { inUse } = backend.memoryBlocks;
      attention(...inputs, heads, "int8").dispose();
      expect(backend.memoryBlocks.inUse).toBe(inUse);
      tf.dispose([...inputs]);
      if (plan.multiplication === "plain") return;
      const bits = Buffer.from(found.buffer, found.byteOffset, found.byteLength).toString("base64");
      const key = `${kind} ${title}`;
      expect(bits === (known.get(key) ?? bits)).toBe(true);
      known.set(key, bits);
    },
  );

  it.runIf(isPossible)("stays near float32's attention", () => {
    const inputs = [seeded([1, 257, 128], 1, 2), seeded([1, 257, 128], 2, 2), seeded([1, 257, 128], 3)] as const;
    const exact = attention(...inputs, 2).dataSync() as Float32Array;
    const found = attention(...inputs, 2, "int8").dataSync() as Float32Array;
    const norm = (values: Float32Array) => Math.hypot(...values);
    expect(norm(found.map((value, i) => value - exact[i]!)) / norm(exact)).toBeLessThan(MOST_ERROR[kind]);
    tf.dispose([...inputs]);
  });
});

const known = new Map<string, string>();
const LARGEST_WEIGHT = { u8: 255, u7: 127, i12: 2047 };
const MOST_ERROR = { u8: 0.03, u7: 0.06, i12: 0.003 };

function differences(a: Float32Array, b: Float64Array): [most: number, mean: number] {
  const each = [...a].map((value, i) => Math.abs(value - b[i]!));
  return [Math.max(...each), each.reduce((sum, value) => sum + value, 0) / each.length];
}

interface Inputs {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  batch: number;
  tokens: number;
  heads: number;
  size: number;
}

/** The same rounding without blocks of keys, vectors or threads. */
function plainly({ q, k, v, batch, tokens, heads, size }: Inputs, kind: keyof typeof LARGEST_WEIGHT): Float64Array {
  const out = new Float64Array(q.length);
  const width = heads * size;
  const dither = ditherTable(240);
  const largest = kind === "i12" ? 2047 : 127;
  const symmetric = (values: number[]) => {
    const step = Math.max(...values.map(Math.abs), 1e-20) / largest;
    return values.map((value) => Math.round(value / step) * step);
  };
  for (let picture = 0; picture < batch; picture++)
    for (let head = 0; head < heads; head++) {
      const at = (token: number, channel: number) => (picture * tokens + token) * width + head * size + channel;
      const rows = (x: Float32Array) =>
        Array.from({ length: tokens }, (_, token) => Array.from({ length: size }, (_, c) => x[at(token, c)]!));
      const keys = rows(k);
      const center = keys[0]!.map((_, c) => keys.reduce((sum, key) => sum + key[c]!, 0) / tokens);
      const quantizedKeys = keys.map((key) => symmetric(key.map((value, c) => value - center[c]!)));
      const queries = rows(q).map((query) =>
        kind === "i12" ? symmetric(query) : asymmetric(query, LARGEST_WEIGHT[kind]),
      );
      const values = rows(v);
      const columns = Array.from({ length: size }, (_, c) => symmetric(values.map((value) => value[c]!)));
      for (const [token, query] of queries.entries()) {
        const scores = quantizedKeys.map(
          (key) => key.reduce((sum, value, c) => sum + value * query[c]!, 0) / Math.sqrt(size),
        );
        const most = keysPerBlock(tokens);
        let sum = 0;
        let maximum = Number.NEGATIVE_INFINITY;
        let sums = new Array<number>(size).fill(0);
        for (let first = 0; first < tokens; first += most) {
          const block = scores.slice(first, first + most);
          const before = maximum;
          maximum = Math.max(maximum, ...block);
          const shrink = Math.exp(before - maximum);
          const weights = block.map((score, i) => {
            const noise = kind !== "i12" ? dither[i + (token % 16) * 4]! : 0;
            return Math.round(Math.exp(score - maximum) * LARGEST_WEIGHT[kind] + noise);
          });
          sum = sum * shrink + weights.reduce((total, weight) => total + weight, 0);
          sums = sums.map(
            (before, c) => before * shrink + weights.reduce((total, w, i) => total + w * columns[c]![first + i]!, 0),
          );
        }
        for (let c = 0; c < size; c++) out[at(token, c)] = sums[c]! / sum;
      }
    }
  return out;
}

function asymmetric(values: number[], largest: number): number[] {
  const least = Math.min(...values, 0);
  const step = Math.max((Math.max(...values, 0) - least) / largest, 1e-20);
  const zero = Math.round(-least / step);
  return values.map((value) => (Math.min(largest, Math.round(value / step + zero)) - zero) * step);
}
