import { attendQuantized, ROW_GAP } from "../tasks/attend-quantized.js";
import { QUERIES_PER_TASK } from "../tasks/attention.js";
import { packQuantizedHeads } from "../tasks/pack-quantized-heads.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { STATE_BYTES } from "../wasm/online-softmax.js";
import { PER_WORD, quantizedWords } from "../wasm/quantized-tiles.js";
import { ditherTable } from "../wasm/quantized-weights.js";
import { keysPerBlock, MOST_KEYS, type Picture } from "./attention-picture.js";

/** As `attendPicture`, with the scores and the sums of values as products of small integers. */
export function attendQuantizedPicture(backend: VitrailBackend, { q, k, v, out, tokens, width, heads }: Picture): void {
  const { block, kind } = backend.plan.quantized;
  const size = width / heads;
  const upTo = (count: number, unit: number) => Math.ceil(count / unit) * unit;
  const paddedSize = upTo(size, block.columns);
  const paddedTokens = upTo(tokens, block.columns);
  const sizeWords = quantizedWords(size, kind);
  const tokenWords = quantizedWords(tokens, kind);
  const floats = (count: number) => backend.scratch(count * 4);
  const keyBytes = paddedTokens * sizeWords * 4;
  const valueBytes = paddedSize * tokenWords * 4;
  const shared = {
    stride: width * 4,
    tokens,
    size,
    paddedSize,
    paddedTokens,
    sizeWords,
    tokenWords,
    packedQueries: floats(heads * tokens * sizeWords),
    queryScales: floats(heads * tokens),
    queryStarts: floats(heads * tokens),
    packedKeys: backend.scratch(heads * keyBytes),
    keyBytes,
    keyScales: floats(heads * paddedTokens),
    keySums: floats(heads * paddedTokens),
    packedValues: backend.scratch(heads * valueBytes),
    valueBytes,
    valueScales: floats(heads * paddedSize),
  };
  const packing = { scratch: floats(heads * 3 * paddedSize), scratchBytes: 3 * paddedSize * 4 };
  backend.pool.run(packQuantizedHeads, { ...shared, ...packing, queries: q, keys: k, values: v }, heads);

  const most = keysPerBlock(tokens);
  const scoreBytes = most * 4 + ROW_GAP;
  const weightBytes = (most * 4) / PER_WORD[kind] + ROW_GAP;
  const scratchBytes = QUERIES_PER_TASK * (scoreBytes + weightBytes + paddedSize * 4 + STATE_BYTES);
  const blocksOfQueries = Math.ceil(tokens / QUERIES_PER_TASK);
  backend.pool.run(
    attendQuantized,
    {
      ...shared,
      output: out,
      keysPerBlock: most,
      blocksOfQueries,
      zeros: backend.zeros(Math.max(most, paddedSize)),
      ones: backend.table(attendQuantized, () => new Float32Array(QUERIES_PER_TASK).fill(1)),
      dither: backend.table(ditherTable, () => ditherTable(MOST_KEYS)),
      scratch: backend.scratch(scratchBytes * backend.pool.capacity),
      scratchBytes,
      scale: Math.LOG2E / Math.sqrt(size),
    },
    heads * blocksOfQueries,
  );
}
