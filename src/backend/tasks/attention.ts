import { defineTask } from "../task.js";
import { mapFloats } from "../wasm/functions.js";
import { STATE_BYTES, SUM_OFFSET } from "../wasm/online-softmax.js";
import { load, loadReal } from "../wasm/values.js";
import { transposeFour } from "./pack.js";

/** Rows of queries that a task takes: 24 to 96 are all within 3 %. */
export const QUERIES_PER_TASK = 48;
/** Every panel width divides it, so that blocks of keys, and with them the bits of the result, do not depend on the register block. */
export const KEY_UNIT = 48;

/**
 * One head's keys as transposed panels of the wide block, `[panel][size][width]`, and its values as panels of the narrow one,
 * `[panel][tokens][width]`. A task is a head. Tokens past the last repeat it; channels past the last are zero.
 */
export const packHeads = defineTask(
  "packHeads",
  {
    keys: "int",
    values: "int",
    stride: "int",
    tokens: "int",
    size: "int",
    packedKeys: "int",
    keyBytes: "int",
    packedValues: "int",
    valueBytes: "int",
  },
  (f, v, { task: head, library }) => {
    const width = library.wide.block.columns;
    const keys = f.int(v.keys.add(head.mul(v.size).shiftLeft(2)));
    const target = f.int(v.packedKeys.add(head.mul(v.keyBytes)));
    f.for(0, v.tokens, width, (token) => {
      for (let lane = 0; lane < width; lane += 4) {
        const row = (i: number) =>
          f.int(
            keys.add(
              token
                .add(lane + i)
                .min(v.tokens.sub(1))
                .mul(v.stride),
            ),
          );
        transposeFour(f, "F32", [row(0), row(1), row(2), row(3)], v.size, target.add(lane * 4), width * 4);
      }
      target.increase(v.size.mul(width * 4));
    });

    const narrow = library.narrow.block.columns;
    const to = f.int(v.packedValues.add(head.mul(v.valueBytes)));
    f.for(0, v.size, narrow, (channel) => {
      const from = f.int(v.values.add(head.mul(v.size).add(channel).shiftLeft(2)));
      const valid = f.int(v.size.sub(channel).min(narrow).shiftLeft(2));
      f.for(0, v.tokens, 1, () => {
        f.if(
          valid.equals(narrow * 4),
          () => {
            for (let lane = 0; lane < narrow; lane += 4) f.store(to, load(from, lane * 4), lane * 4);
          },
          () => {
            f.clearBytes(to, narrow * 4);
            f.copyBytes(to, from, valid);
          },
        );
        to.increase(narrow * 4);
        from.increase(v.stride);
      });
    });
  },
);

/**
 * softmax(scale · q kᵀ) v of one head for a block of queries. A task is a block of one head. Scores exist only for a block of queries by a
 * block of keys, in the thread's scratch: first the scores, then the sums of weighted values, then the rows' states.
 */
export const attend = defineTask(
  "attend",
  {
    queries: "int",
    packedKeys: "int",
    keyBytes: "int",
    packedValues: "int",
    valueBytes: "int",
    output: "int",
    stride: "int",
    tokens: "int",
    size: "int",
    paddedSize: "int",
    keysPerBlock: "int",
    blocksOfQueries: "int",
    zeros: "int",
    scratch: "int",
    scratchBytes: "int",
    /** 1 / √size, times log2 e */
    scale: "real",
  },
  (f, v, { task, thread, library: { wide, narrow, onlineSoftmax } }) => {
    const head = f.int(task.div(v.blocksOfQueries));
    const query = f.int(task.rem(v.blocksOfQueries).mul(QUERIES_PER_TASK));
    const rows = f.int(v.tokens.sub(query).min(QUERIES_PER_TASK));
    const offset = f.int(query.mul(v.stride).add(head.mul(v.size).shiftLeft(2)));
    const keys = f.int(v.packedKeys.add(head.mul(v.keyBytes)));
    const values = f.int(v.packedValues.add(head.mul(v.valueBytes)));
    // Rows a cache line apart from a multiple of the page, so that they do not fall on the same cache set.
    const scoreStride = f.int(v.keysPerBlock.shiftLeft(2).add(64));
    const outputStride = f.int(v.paddedSize.shiftLeft(2));
    const scores = f.int(v.scratch.add(thread.mul(v.scratchBytes)));
    const sums = f.int(scores.add(scoreStride.mul(QUERIES_PER_TASK)));
    const state = f.int(sums.add(outputStride.mul(QUERIES_PER_TASK)));

    f.for(0, v.tokens, v.keysPerBlock, (key) => {
      const count = f.int(v.tokens.sub(key).min(v.keysPerBlock));
      f.call(wide, {
        a: v.queries.add(offset),
        b: keys.add(key.mul(v.size).shiftLeft(2)),
        c: scores,
        bias: v.zeros,
        residual: 0,
        aStride: v.stride,
        cStride: scoreStride,
        k: v.size,
        rows,
        panelBytes: v.size.mul(wide.block.columns * 4),
        firstPanel: 0,
        lastPanel: count.add(wide.block.columns - 1).div(wide.block.columns),
      });
      f.call(onlineSoftmax, {
        scores,
        scoreStride,
        keys: count,
        weights: scores,
        weightStride: scoreStride,
        output: sums,
        outputStride,
        size: v.paddedSize,
        state,
        first: query,
        rows,
        isFirst: key.isZero(),
        scale: v.scale,
        dither: 0,
      });
      f.call(narrow, {
        a: scores,
        b: values.add(key.mul(narrow.block.columns * 4)),
        c: sums,
        bias: v.zeros,
        residual: sums.where(key, 0),
        aStride: scoreStride,
        cStride: outputStride,
        k: count,
        rows,
        panelBytes: v.tokens.mul(narrow.block.columns * 4),
        firstPanel: 0,
        lastPanel: v.paddedSize.div(narrow.block.columns),
      });
    });

    const output = f.int(v.output.add(offset));
    f.for(0, rows, 1, () => {
      const inverse = f.vector(f.constant(1).div(loadReal(state, SUM_OFFSET).splat()));
      const from = f.int(sums);
      const to = f.int(output);
      mapFloats(f, { inputs: [from], output: to, count: v.size }, (sum) => sum.mul(inverse));
      sums.increase(outputStride);
      output.increase(v.stride);
      state.increase(STATE_BYTES);
    });
  },
);
