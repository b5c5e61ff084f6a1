import { attend as attendTask, packHeads, QUERIES_PER_TASK } from "../tasks/attention.js";
import {
  GRADIENT_QUERIES,
  gradientScratchFloats,
  attentionGradient as gradientTask,
} from "../tasks/attention-gradient.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { STATE_BYTES } from "../wasm/online-softmax.js";
import { keysPerBlock, type Picture } from "./attention-picture.js";
import { checkShape, type Kernel } from "./define-kernel.js";
import { attendQuantizedPicture } from "./quantized-attention.js";

/**
 * queries, keys, values, each `[batch, tokens, heads * size]` → the same shape; size a multiple of 4. With the precision "int8", the products are
 * those of small integers.
 */
export const attention: Kernel = {
  name: "VitrailAttention",
  compute(backend, { queries, keys, values }, { heads, precision }: { heads: number; precision: "float32" | "int8" }) {
    const [batch, tokens, width] = queries!.shape as [number, number, number];
    const wanted = [batch, tokens, Math.ceil(width / heads / 4) * 4 * heads];
    for (const [name, x] of Object.entries({ queries, keys, values })) checkShape("VitrailAttention", name, x!, wanted);
    const out = backend.output(queries!.shape);
    const [q, k, v] = [queries, keys, values].map((x) => backend.address(x!)) as [number, number, number];
    const image = tokens * width * 4;
    const attend = precision === "int8" ? attendQuantizedPicture : attendPicture;
    // One picture at a time, so that the packed copies do not grow with the batch.
    for (let i = 0; i < batch * image; i += image)
      backend.withScratch(() =>
        attend(backend, { q: q + i, k: k + i, v: v + i, out: out.start + i, tokens, width, heads }),
      );
    return out;
  },
};

function attendPicture(backend: VitrailBackend, { q, k, v, out, tokens, width, heads }: Picture): void {
  const { wide, narrow } = backend.plan;
  const size = width / heads;
  const stride = width * 4;
  const block = keysPerBlock(tokens);
  const paddedSize = Math.ceil(size / narrow.columns) * narrow.columns;
  const keyBytes = Math.ceil(tokens / wide.columns) * wide.columns * size * 4;
  const valueBytes = tokens * paddedSize * 4;
  const packedKeys = backend.scratch(heads * keyBytes);
  const packedValues = backend.scratch(heads * valueBytes);
  const packed = { packedKeys, keyBytes, packedValues, valueBytes };
  backend.pool.run(packHeads, { keys: k, values: v, stride, tokens, size, ...packed }, heads);

  const scratchBytes = QUERIES_PER_TASK * (block * 4 + 64 + paddedSize * 4 + STATE_BYTES);
  const blocksOfQueries = Math.ceil(tokens / QUERIES_PER_TASK);
  backend.pool.run(
    attendTask,
    {
      ...packed,
      queries: q,
      output: out,
      stride,
      tokens,
      size,
      paddedSize,
      keysPerBlock: block,
      blocksOfQueries,
      zeros: backend.zeros(Math.max(block, paddedSize)),
      scratch: backend.scratch(scratchBytes * backend.pool.capacity),
      scratchBytes,
      scale: Math.LOG2E / Math.sqrt(size),
    },
    heads * blocksOfQueries,
  );
}

/** dy and what attention got, each `[batch, tokens, heads * size]` → slopes of queries, keys and values; size a multiple of 16 */
export const attentionGradient: Kernel = {
  name: "VitrailAttentionGradient",
  compute(backend, inputs, { heads }: { heads: number }) {
    const { dy, queries, keys, values } = inputs;
    const [batch, tokens, width] = dy!.shape as [number, number, number];
    const wanted = [batch, tokens, Math.ceil(width / heads / 16) * 16 * heads];
    for (const [name, x] of Object.entries(inputs)) checkShape("VitrailAttentionGradient", name, x, wanted);
    const size = width / heads;
    const outputs = [backend.output(dy!.shape), backend.output(dy!.shape), backend.output(dy!.shape)] as const;
    const scratchBytes = gradientScratchFloats(tokens, size, backend.plan.wide.columns) * 4;
    backend.pool.run(
      gradientTask,
      {
        queries: backend.address(queries!),
        keys: backend.address(keys!),
        values: backend.address(values!),
        dy: backend.address(dy!),
        dQueries: outputs[0].start,
        dKeys: outputs[1].start,
        dValues: outputs[2].start,
        heads,
        tokens,
        size,
        zeros: backend.zeros(tokens + GRADIENT_QUERIES + size),
        scratch: backend.scratch(scratchBytes * backend.pool.capacity),
        scratchBytes,
        scale: 1 / Math.sqrt(size),
      },
      batch * heads,
    );
    return [...outputs];
  },
};
