import { util } from "@tensorflow/tfjs-core";
import { imagePatches as imagePatchesTask, rotary as rotaryTask } from "../tasks/element-wise.js";
import { layerNorm as layerNormTask } from "../tasks/layer-norm.js";
import { layerNormGradient as layerNormGradientTask } from "../tasks/layer-norm-gradient.js";
import { softmax as softmaxTask } from "../tasks/softmax.js";
import { checkShape, type Kernel } from "./define-kernel.js";
import { sumColumns } from "./sum.js";

/** So that a task takes some 20 µs. */
const FLOATS_PER_TASK = 16384;

/** How rows of a width are cut into tasks. */
function cut(rows: number, width: number): { rowsPerTask: number; tasks: number } {
  const rowsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / width));
  return { rowsPerTask, tasks: Math.ceil(rows / rowsPerTask) };
}

export const layerNorm: Kernel = {
  name: "VitrailLayerNorm",
  compute(backend, { x, gamma, beta }, { epsilon }: { epsilon: number }) {
    const width = x!.shape.at(-1)!;
    const rows = util.sizeFromShape(x!.shape) / width;
    const { rowsPerTask, tasks } = cut(rows, width);
    checkShape("VitrailLayerNorm", "gamma", gamma!, [width]);
    checkShape("VitrailLayerNorm", "beta", beta!, [width]);
    const out = backend.output(x!.shape);
    const [from, weight, bias] = [backend.address(x!), backend.address(gamma!), backend.address(beta!)];
    const values = { rowsPerTask, rows, width, x: from, gamma: weight, beta: bias, y: out.start, epsilon };
    backend.pool.run(layerNormTask, values, tasks);
    return out;
  },
};

/** dy, x and gamma of a layer norm → slopes of x, gamma and beta */
export const layerNormGradient: Kernel = {
  name: "VitrailLayerNormGradient",
  compute(backend, { dy, x, gamma }, { epsilon }: { epsilon: number }) {
    const width = x!.shape.at(-1)!;
    const rows = util.sizeFromShape(x!.shape) / width;
    checkShape("VitrailLayerNormGradient", "dy", dy!, x!.shape);
    checkShape("VitrailLayerNormGradient", "gamma", gamma!, [width]);
    const { rowsPerTask, tasks } = cut(rows, width);
    const outputs = [backend.output(x!.shape), backend.output([width]), backend.output([width])] as const;
    const sums = backend.scratch(tasks * 2 * width * 4);
    const [from, weight, slope] = [backend.address(x!), backend.address(gamma!), backend.address(dy!)];
    const values = { rowsPerTask, rows, width, x: from, gamma: weight, dy: slope, dx: outputs[0].start, sums, epsilon };
    backend.pool.run(layerNormGradientTask, values, tasks);
    // The tasks' sums lie as [task, gamma or beta, width].
    const both = backend.scratch(2 * width * 4);
    sumColumns(backend, { x: sums, y: both, rows: tasks, width: 2 * width });
    const memory = backend.memoryBlocks.all();
    memory.copyWithin(outputs[1].start, both, both + width * 4);
    memory.copyWithin(outputs[2].start, both + width * 4, both + 2 * width * 4);
    return [...outputs];
  },
};

export const softmax: Kernel = {
  name: "Softmax",
  accepts: ({ logits }, { dim }) => dim === -1 || dim === logits!.shape.length - 1,
  compute(backend, { logits }) {
    const width = logits!.shape.at(-1)!;
    const rows = util.sizeFromShape(logits!.shape) / width;
    const { rowsPerTask, tasks } = cut(rows, width);
    const out = backend.output(logits!.shape);
    backend.pool.run(softmaxTask, { rowsPerTask, rows, width, x: backend.address(logits!), y: out.start }, tasks);
    return out;
  },
};

/** Rotary positions as data, see `ops/rotary.ts`. */
interface Table {
  sin: Float32Array;
  cos: Float32Array;
  patches: number;
  size: number;
}

export const rotary: Kernel = {
  name: "VitrailRotary",
  compute(backend, { x }, { table }: { table: Table }) {
    const [batch, tokens, width] = x!.shape as [number, number, number];
    const { sin, cos, patches, size } = table;
    const wanted = [batch, Math.max(tokens, patches), Math.ceil(width / size) * size];
    checkShape("VitrailRotary", "x", x!, wanted);
    // The even channels' sines are negative there, so that swapped neighbors take one multiply-add.
    const signed = backend.table(sin, () => sin.map((value, i) => (i % 2 ? value : -value)));
    const { rowsPerTask, tasks } = cut(batch * tokens, width);
    const out = backend.output(x!.shape);
    backend.pool.run(
      rotaryTask,
      {
        rowsPerTask,
        rows: batch * tokens,
        tokens,
        prefix: tokens - patches,
        heads: width / size,
        size,
        x: backend.address(x!),
        y: out.start,
        sin: signed,
        cos: backend.table(cos, () => cos),
      },
      tasks,
    );
    return out;
  },
};

export const imagePatches: Kernel = {
  name: "VitrailImagePatches",
  compute(backend, { image }, { size }: { size: { height: number; width: number } }) {
    const [batch, height, width, channels] = image!.shape as [number, number, number, number];
    const rows = Math.floor(height / size.height);
    const columns = Math.floor(width / size.width);
    const out = backend.output([batch, rows * columns, channels * size.height * size.width]);
    backend.pool.run(
      imagePatchesTask,
      {
        image: backend.address(image!),
        output: out.start,
        height,
        width,
        channels,
        patchHeight: size.height,
        patchWidth: size.width,
        rows,
        columns,
      },
      batch * rows,
    );
    return out;
  },
};
