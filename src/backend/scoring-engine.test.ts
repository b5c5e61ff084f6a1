import { afterAll, describe, expect, it } from "vitest";
import { paddedWidth, ScoringEngine } from "./scoring-engine.js";

const engine = new ScoringEngine(2);
afterAll(() => engine.dispose());

const noise = (i: number) => Math.sin(i * 12.9898 + 78.233 * Math.cos(i));

describe.each([1, 31, 32, 33, 768])("scores of rows of width %i", (width) => {
  const padded = paddedWidth(width);

  it.each([1, 2, 3, 4, 13, 48])(
    "are dot products with %i queries, float32 within 1e-5 and int8 exactly",
    (queryCount) => {
      const count = 1031;
      const at = (row: number, k: number) => (k < width ? noise(row * 7919 + k) : 0);
      const rows = engine.memory.allocate(count * padded * 4);
      const codes = engine.memory.allocate(count * padded + count * 4);
      const scales = codes + count * padded;
      const floats = engine.memory.floats(rows, count * padded);
      const bytes = new Int8Array(engine.memory.wasm.buffer, codes, count * padded);
      for (let i = 0; i < floats.length; i++) {
        floats[i] = at(Math.floor(i / padded), i % padded);
        bytes[i] = Math.round(floats[i]! * 127);
      }
      engine.memory.floats(scales, count).forEach((_, row, all) => {
        all[row] = 2 ** (row % 5);
      });
      const queries = Array.from({ length: queryCount }, (_, q) =>
        Float32Array.from({ length: width }, (_, k) => noise(q * 31 + k + 0.5)),
      );
      const short = queries.map((query) => Int16Array.from(query, (value) => Math.round(value * 20_000)));
      const scores = engine.memory.allocate(engine.scoreBytesOf(count, queryCount));

      const block = { count, width: padded };
      const exact = (row: number, query: ArrayLike<number>, source: ArrayLike<number>) => {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += source[row * padded + k]! * query[k]!;
        return sum;
      };
      for (const [kind, layout] of [
        ["float32", engine.scoreFloats({ ...block, start: rows }, queries, scores)],
      ] as const) {
        const found = engine.memory.floats(scores, engine.scoreBytesOf(count, queryCount) / 4);
        for (let row = 0; row < count; row += 13)
          for (const [q, query] of queries.entries())
            expect(
              Math.abs(found[row * layout.stride + q * layout.perQuery]! - exact(row, query, floats)),
              `${kind} ${row}`,
            ).toBeLessThan(1e-5 * Math.sqrt(width) + 1e-6);
      }
      const layout = engine.scoreBytes({ ...block, start: codes }, scales, short, scores);
      const found = engine.memory.floats(scores, engine.scoreBytesOf(count, queryCount) / 4);
      for (let row = 0; row < count; row += 13)
        for (const [q, query] of short.entries()) {
          const wanted = exact(row, query, bytes) * 2 ** (row % 5);
          expect(Math.abs(found[row * layout.stride + q * layout.perQuery]! - wanted)).toBeLessThanOrEqual(
            2 ** -22 * Math.abs(wanted) + 2 ** (row % 5) * 64,
          );
        }
      for (const block of [rows, codes, scores]) engine.memory.release(block);
    },
  );
});
