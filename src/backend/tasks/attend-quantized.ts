import { defineTask } from "../task.js";
import { mapFloats } from "../wasm/functions.js";
import { STATE_BYTES, SUM_OFFSET } from "../wasm/online-softmax.js";
import { PER_WORD } from "../wasm/quantized-tiles.js";
import { loadReal } from "../wasm/values.js";
import { QUERIES_PER_TASK } from "./attention.js";

/** Between rows in the scratch, so that they do not fall on the same cache set. */
export const ROW_GAP = 64;

/**
 * As `attend`, over what `packQuantizedHeads` made: scores are products of integers, the softmax between is float32, its weights become integers with
 * the same step in the whole row, and their products with the values are summed as integers within a block of keys. The thread's scratch: scores,
 * weights, sums, states.
 */
export const attendQuantized = defineTask(
  "attendQuantized",
  {
    packedQueries: "int",
    queryScales: "int",
    queryStarts: "int",
    packedKeys: "int",
    keyBytes: "int",
    keyScales: "int",
    keySums: "int",
    paddedTokens: "int",
    packedValues: "int",
    valueBytes: "int",
    valueScales: "int",
    output: "int",
    stride: "int",
    tokens: "int",
    size: "int",
    paddedSize: "int",
    sizeWords: "int",
    tokenWords: "int",
    keysPerBlock: "int",
    blocksOfQueries: "int",
    zeros: "int",
    /** A one for each row of a task. */
    ones: "int",
    dither: "int",
    scratch: "int",
    scratchBytes: "int",
    /** 1 / √size, times log2 e */
    scale: "real",
  },
  (f, v, { task, thread, library: { quantizedAttention: tiles, quantizedSoftmax } }) => {
    const { columns } = tiles.block;
    const perWord = PER_WORD[tiles.kind];
    const head = f.int(task.div(v.blocksOfQueries));
    const query = f.int(task.rem(v.blocksOfQueries).mul(QUERIES_PER_TASK));
    const rows = f.int(v.tokens.sub(query).min(QUERIES_PER_TASK));
    const row = f.int(head.mul(v.tokens).add(query));
    const queryBytes = f.int(v.sizeWords.shiftLeft(2));
    const keys = f.int(v.packedKeys.add(head.mul(v.keyBytes)));
    const firstKey = f.int(head.mul(v.paddedTokens).shiftLeft(2));
    const values = f.int(v.packedValues.add(head.mul(v.valueBytes)));
    const valueScales = f.int(v.valueScales.add(head.mul(v.paddedSize).shiftLeft(2)));
    const scoreStride = f.int(v.keysPerBlock.shiftLeft(2).add(ROW_GAP));
    const weightStride = f.int(v.keysPerBlock.mul(4 / perWord).add(ROW_GAP));
    const outputStride = f.int(v.paddedSize.shiftLeft(2));
    const scores = f.int(v.scratch.add(thread.mul(v.scratchBytes)));
    const weights = f.int(scores.add(scoreStride.mul(QUERIES_PER_TASK)));
    const sums = f.int(weights.add(weightStride.mul(QUERIES_PER_TASK)));
    const state = f.int(sums.add(outputStride.mul(QUERIES_PER_TASK)));

    f.for(0, v.tokens, v.keysPerBlock, (key) => {
      const count = f.int(v.tokens.sub(key).min(v.keysPerBlock));
      const along = f.int(firstKey.add(key.shiftLeft(2)));
      f.call(tiles, {
        a: v.packedQueries.add(row.mul(queryBytes)),
        b: keys.add(key.mul(queryBytes)),
        c: scores,
        words: v.sizeWords,
        bias: v.zeros,
        residual: 0,
        aStride: queryBytes,
        cStride: scoreStride,
        columnScales: v.keyScales.add(along),
        columnSums: v.keySums.add(along),
        rowScales: v.queryScales.add(row.shiftLeft(2)),
        rowStarts: v.queryStarts.add(row.shiftLeft(2)),
        rows,
        panelBytes: queryBytes.mul(columns),
        firstPanel: 0,
        lastPanel: count.add(columns - 1).div(columns),
      });
      f.call(quantizedSoftmax, {
        scores,
        scoreStride,
        keys: count,
        weights,
        weightStride,
        output: sums,
        outputStride,
        size: v.paddedSize,
        state,
        first: query,
        rows,
        isFirst: key.isZero(),
        scale: v.scale,
        dither: v.dither,
      });
      f.call(tiles, {
        a: weights,
        b: values.add(key.div(perWord).mul(columns * 4)),
        c: sums,
        words: count.add(perWord - 1).div(perWord),
        bias: v.zeros,
        residual: sums.where(key, 0),
        aStride: weightStride,
        cStride: outputStride,
        columnScales: valueScales,
        columnSums: v.zeros,
        rowScales: v.ones,
        rowStarts: v.zeros,
        rows,
        panelBytes: v.tokenWords.mul(columns * 4),
        firstPanel: 0,
        lastPanel: v.paddedSize.div(columns),
      });
    });

    const output = f.int(v.output.add(query.mul(v.stride).add(head.mul(v.size).shiftLeft(2))));
    f.for(0, rows, 1, () => {
      const inverse = f.vector(f.constant(1).div(loadReal(state, SUM_OFFSET).splat()));
      const from = f.int(sums);
      const to = f.int(output);
      mapFloats(f, { inputs: [from], output: to, count: v.size }, (sum) => sum!.mul(inverse));
      sums.increase(outputStride);
      output.increase(v.stride);
      state.increase(STATE_BYTES);
    });
  },
);
