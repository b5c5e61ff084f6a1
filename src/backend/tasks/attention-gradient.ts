import { defineTask, type TaskContext } from "../task.js";
import type { FunctionBuilder, IntVariable } from "../wasm/function-builder.js";
import { mapFloats, maxFloats, powerOfTwo, sumFloats } from "../wasm/functions.js";
import type { Int } from "../wasm/values.js";
import { load } from "../wasm/values.js";
import { transposeFour } from "./pack.js";

/** Rows of queries at a time; their scores against all tokens are in the thread's scratch. */
export const GRADIENT_QUERIES = 48;

const TURNED_STRIDE = GRADIENT_QUERIES * 4;

/** Floats of a thread's scratch, part by part. */
export function gradientScratchFloats(tokens: number, size: number, width: number): number {
  const padded = Math.ceil(tokens / width) * width + 16;
  const panels = 3 * padded * size;
  const scores = 2 * GRADIENT_QUERIES * padded;
  const turned = padded * GRADIENT_QUERIES;
  const block = GRADIENT_QUERIES * size;
  return panels + scores + turned + block;
}

/**
 * Slopes of one head's queries, keys and values, a task a head of a picture. The weights are computed again, as in flash attention:
 * P = softmax(scale q kᵀ), dP = dy vᵀ, dS = scale P (dP - Σ dP P), dq = dS k, dk = dSᵀ q, dv = Pᵀ dy.
 * Heads are whole panels of the narrow block. dk and dv are sums over blocks of queries, in order.
 */
export const attentionGradient = defineTask(
  "attentionGradient",
  {
    queries: "int",
    keys: "int",
    values: "int",
    dy: "int",
    dQueries: "int",
    dKeys: "int",
    dValues: "int",
    heads: "int",
    tokens: "int",
    size: "int",
    zeros: "int",
    scratch: "int",
    scratchBytes: "int",
    scale: "real",
  },
  (f, v, { task, thread, library }) => {
    const { wide, narrow } = library;
    const stride = f.int(v.heads.mul(v.size).shiftLeft(2));
    const head = f.int(task.div(v.heads).mul(v.tokens).mul(stride).add(task.rem(v.heads).mul(v.size).shiftLeft(2)));
    const padded = f.int(
      v.tokens
        .add(wide.block.columns - 1)
        .div(wide.block.columns)
        .mul(wide.block.columns)
        .add(16),
    );
    const panelBytes = f.int(padded.mul(v.size).shiftLeft(2));
    const scoreStride = f.int(padded.shiftLeft(2));
    const keysAcross = f.int(v.scratch.add(thread.mul(v.scratchBytes)));
    const valuesAcross = f.int(keysAcross.add(panelBytes));
    const keysDown = f.int(valuesAcross.add(panelBytes));
    const weights = f.int(keysDown.add(panelBytes));
    const slopes = f.int(weights.add(scoreStride.mul(GRADIENT_QUERIES)));
    const turned = f.int(slopes.add(scoreStride.mul(GRADIENT_QUERIES)));
    const block = f.int(turned.add(scoreStride.mul(GRADIENT_QUERIES)));

    packAcross(
      f,
      { source: f.int(v.keys.add(head)), stride, tokens: v.tokens, size: v.size, target: keysAcross },
      library,
    );
    packAcross(
      f,
      { source: f.int(v.values.add(head)), stride, tokens: v.tokens, size: v.size, target: valuesAcross },
      library,
    );
    packDown(f, { source: f.int(v.keys.add(head)), stride, tokens: v.tokens, size: v.size, target: keysDown }, library);

    const scale = f.vector(v.scale.splat());
    f.for(0, v.tokens, GRADIENT_QUERIES, (query) => {
      const rows = f.int(v.tokens.sub(query).min(GRADIENT_QUERIES));
      const at = f.int(head.add(query.mul(stride)));
      const acrossTokens = (a: Int, b: Int, c: Int) =>
        f.call(wide, {
          a,
          b,
          c,
          bias: v.zeros,
          residual: 0,
          aStride: stride,
          cStride: scoreStride,
          k: v.size,
          rows,
          panelBytes: v.size.mul(wide.block.columns * 4),
          firstPanel: 0,
          lastPanel: v.tokens.add(wide.block.columns - 1).div(wide.block.columns),
        });
      acrossTokens(v.queries.add(at), keysAcross, weights);
      acrossTokens(v.dy.add(at), valuesAcross, slopes);
      f.for(0, rows, 1, (row) => {
        const p = f.int(weights.add(row.mul(scoreStride)));
        const s = f.int(slopes.add(row.mul(scoreStride)));
        softmaxRow(f, p, v.tokens, scale);
        const pointer = f.int(p);
        const dp = f.int(s);
        // dP P first, for its sum; then (dP - sum) P.
        mapFloats(f, { inputs: [dp, pointer], output: dp, count: v.tokens }, (slope, weight) => slope!.mul(weight!));
        const total = f.vector(sumFloats(f, { input: s, count: v.tokens }).splat());
        pointer.set(p);
        dp.set(s);
        mapFloats(f, { inputs: [dp, pointer], output: dp, count: v.tokens }, (product, weight) =>
          product!.sub(total.mul(weight!)).mul(scale),
        );
      });

      const downSize = (a: Int, aStride: Int, b: Int, c: Int, k: Int, count: Int, residual: Int, panel: Int) =>
        f.call(narrow, {
          a,
          b,
          c,
          bias: v.zeros,
          residual,
          aStride,
          cStride: stride,
          k,
          rows: count,
          panelBytes: panel,
          firstPanel: 0,
          lastPanel: v.size.div(narrow.block.columns),
        });
      const narrowBytes = narrow.block.columns * 4;
      downSize(slopes, scoreStride, keysDown, v.dQueries.add(at), v.tokens, rows, f.int(0), v.tokens.mul(narrowBytes));
      const accumulate = (source: IntVariable, factors: Int, target: Int) => {
        turn(f, { source, stride: scoreStride, rows, tokens: v.tokens, target: turned });
        packDown(f, { source: f.int(factors), stride, tokens: rows, size: v.size, target: block }, library);
        const to = f.int(target);
        downSize(turned, f.int(TURNED_STRIDE), block, to, rows, v.tokens, to.where(query, 0), rows.mul(narrowBytes));
      };
      accumulate(slopes, v.queries.add(at), v.dKeys.add(head));
      accumulate(weights, v.dy.add(at), v.dValues.add(head));
    });
  },
);

interface Rows {
  source: IntVariable;
  stride: Int;
  tokens: Int;
  size: Int;
  target: IntVariable;
}

/** `[tokens, size]` as the transposed right side `[size, tokens]`, in wide panels. */
function packAcross(
  f: FunctionBuilder,
  { source, stride, tokens, size, target }: Rows,
  { wide }: TaskContext["library"],
) {
  const width = wide.block.columns;
  const to = f.int(target);
  f.for(0, tokens, width, (token) => {
    for (let lane = 0; lane < width; lane += 4) {
      const row = (i: number) =>
        f.int(
          source.add(
            token
              .add(lane + i)
              .min(tokens.sub(1))
              .mul(stride),
          ),
        );
      transposeFour(f, "F32", [row(0), row(1), row(2), row(3)], size, to.add(lane * 4), width * 4);
    }
    to.increase(size.mul(width * 4));
  });
}

/** `[tokens, size]` as the right side that it is, in narrow panels. */
function packDown(
  f: FunctionBuilder,
  { source, stride, tokens, size, target }: Rows,
  { narrow }: TaskContext["library"],
) {
  const to = f.int(target);
  f.for(0, size, narrow.block.columns, (channel) => {
    const from = f.int(source.add(channel.shiftLeft(2)));
    f.for(0, tokens, 1, () => {
      for (let lane = 0; lane < narrow.block.columns; lane += 4) f.store(to, load(from, lane * 4), lane * 4);
      to.increase(narrow.block.columns * 4);
      from.increase(stride);
    });
  });
}

/** `[rows, tokens]` → `[tokens, rows]`, a row every `TURNED_STRIDE` bytes: whole vectors are written, past the last of the rows too. */
function turn(
  f: FunctionBuilder,
  { source, stride, rows, tokens, target }: { source: Int; stride: Int; rows: Int; tokens: Int; target: Int },
): void {
  f.for(0, rows, 4, (row) => {
    const line = (i: number) => f.int(source.add(row.add(i).min(rows.sub(1)).mul(stride)));
    transposeFour(f, "F32", [line(0), line(1), line(2), line(3)], tokens, target.add(row.shiftLeft(2)), TURNED_STRIDE);
  });
}

/** softmax(scale · scores) in place. */
function softmaxRow(f: FunctionBuilder, start: Int, count: Int, scale: ReturnType<FunctionBuilder["vector"]>): void {
  const factor = f.vector(scale.mul(f.constant(Math.LOG2E)));
  const minusMost = f.vector(maxFloats(f, { input: start, count }).splat().mul(factor).neg());
  const pointer = f.int(start);
  mapFloats(f, { inputs: [pointer], output: pointer, count }, (score) =>
    powerOfTwo(f, f.multiplyAdd(score!, factor, minusMost)),
  );
  const inverse = f.vector(f.constant(1).div(sumFloats(f, { input: start, count }).splat()));
  pointer.set(start);
  mapFloats(f, { inputs: [pointer], output: pointer, count }, (weight) => weight!.mul(inverse));
}
