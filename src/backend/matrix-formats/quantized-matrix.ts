import type { Quantized } from "../storage.js";
import { elementKinds, widen } from "../tasks/pack.js";
import { quantizeWeight } from "../tasks/quantize.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { PER_WORD, quantizedGroups, quantizedWords } from "../wasm/quantized-tiles.js";
import { type MatrixFormat, panelsOf } from "./matrix-format.js";

const FLOATS_PER_TASK = 65536;

/** Where the parts of a matrix are: words, then each column's scale, then its sums. */
export function quantizedParts({ plan }: VitrailBackend, { start, k, columns }: Omit<Quantized, "at">) {
  const { block, kind } = plan.quantized;
  const words = quantizedWords(k, kind);
  const panels = panelsOf(columns, block.columns);
  const scales = start + panels * block.columns * words * 4;
  const groups = quantizedGroups(k, kind);
  const sums = scales + panels * block.columns * 4;
  return { words, panels, groups, scales, sums, end: sums + panels * block.columns * groups * 4 };
}

/** How `quantizedMatrix` gets to its integers. */
const packAs =
  (isInteger: 0 | 1): MatrixFormat<Quantized>["pack"] =>
  (backend, source, kind, matrix, { first, panels, columns }) => {
    const { k, start } = matrix;
    const count = k * columns;
    let rows = source;
    if (kind !== "F32") {
      rows = backend.scratch(count * 4);
      const values = { each: FLOATS_PER_TASK, count, source, target: rows, kind: elementKinds[kind] };
      backend.pool.run(widen, values, Math.ceil(count / FLOATS_PER_TASK));
    }
    const { words, groups, scales, sums } = quantizedParts(backend, matrix);
    const before = first * backend.plan.quantized.block.columns;
    backend.pool.begin(
      quantizeWeight,
      {
        words,
        groups,
        panels,
        panelsPerTask: 1,
        source: rows,
        columns,
        k,
        isInteger,
        target: start + before * words * 4,
        scales: scales + before * 4,
        sums: sums + before * groups * 4,
      },
      panels,
    );
  };

/** Small integers with a scale for each column. */
export const quantizedMatrix: MatrixFormat<Quantized> = {
  bytes(backend, k, columns) {
    return quantizedParts(backend, { start: 0, k, columns }).end;
  },
  width: ({ plan }) => plan.quantized.block.columns,

  check: "now",
  pack: packAs(0),
  unpack(backend, matrix, target) {
    const { start, k, columns } = matrix;
    const { block, kind } = backend.plan.quantized;
    const { words, panels, scales: scalesAt } = quantizedParts(backend, matrix);
    const perWord = PER_WORD[kind];
    const { buffer } = backend.memoryBlocks.wasm;
    const Numbers = kind === "i12" ? Int16Array : Int8Array;
    const numbers = new Numbers(buffer, start, panels * block.columns * words * perWord);
    const scales = new Float32Array(buffer, scalesAt, columns);
    const values = new Float32Array(buffer, target, k * columns);
    for (let column = 0; column < columns; column++) {
      const panel = Math.floor(column / block.columns) * words * block.columns;
      const lane = column % block.columns;
      for (let i = 0; i < k; i++) {
        const word = panel + Math.floor(i / perWord) * block.columns + lane;
        values[i * columns + column] = numbers[word * perWord + (i % perWord)]! * scales[column]!;
      }
    }
  },
};

/** The same out of numbers that are the integers already; the scales are left to `setScales`. */
export const integerMatrix: MatrixFormat<Quantized> = { ...quantizedMatrix, pack: packAs(1) };

/** Gives a matrix the scales of its columns. `[columns]` */
export function setScales(backend: VitrailBackend, matrix: Omit<Quantized, "at">, scales: Float32Array): void {
  backend.memoryBlocks.floats(quantizedParts(backend, matrix).scales, scales.length).set(scales);
}
