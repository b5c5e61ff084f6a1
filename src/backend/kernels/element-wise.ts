import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type BinaryTask, binaryTasks, type UnaryTask, unaryTasks } from "../tasks/element-wise.js";
import type { VitrailBackend } from "../vitrail-backend.js";
import { checkShape, type Kernel } from "./define-kernel.js";

/** So that a task takes some 10 µs. */
const FLOATS_PER_TASK = 16384;

function unary(name: string, task: UnaryTask): Kernel {
  return {
    name,
    compute(backend, { x }) {
      const count = util.sizeFromShape(x!.shape);
      const out = backend.output(x!.shape);
      const values = { each: FLOATS_PER_TASK, count, x: backend.address(x!), y: out.start };
      backend.pool.run(task, values, Math.ceil(count / FLOATS_PER_TASK));
      return out;
    },
  };
}

export const gelu = unary("VitrailGelu", unaryTasks.gelu);
export const relu = unary("Relu", unaryTasks.relu);
export const sigmoid = unary("Sigmoid", unaryTasks.sigmoid);
export const square = unary("Square", unaryTasks.square);
export const sqrt = unary("Sqrt", unaryTasks.squareRoot);
export const neg = unary("Neg", unaryTasks.negative);

/** How b spreads over rows of a: one value for each column or for all, and the same for each row or not. */
interface Spread {
  columns: number;
  values: "a-column" | "one";
  rows: "own" | "shared";
}

/**
 * The cases of broadcasting that networks have: equal shapes, a scalar, b as the end of a's shape (a bias, positions) and b with a last axis
 * of 1 (a mean). b never has more axes or longer ones than a.
 */
function spreadOf(a: number[], b: number[]): Spread | undefined {
  const size = util.sizeFromShape(a);
  if (util.sizeFromShape(b) === 1 && b.length <= a.length)
    return { columns: Math.min(size, FLOATS_PER_TASK), values: "one", rows: "shared" };
  if (util.arraysEqual(a, b)) return { columns: Math.min(size, FLOATS_PER_TASK), values: "a-column", rows: "own" };
  if (b.length > a.length) return undefined;
  const end = b.slice(b.findIndex((dimension) => dimension !== 1));
  if (util.arraysEqual(end, a.slice(a.length - end.length)))
    return { columns: util.sizeFromShape(end), values: "a-column", rows: "shared" };
  const hasLastOne = b.length === a.length && b.at(-1) === 1 && util.arraysEqual(a.slice(0, -1), b.slice(0, -1));
  return hasLastOne ? { columns: a.at(-1)!, values: "one", rows: "own" } : undefined;
}

function combine(backend: VitrailBackend, task: BinaryTask, a: TensorInfo, b: TensorInfo): TensorInfo {
  const { columns, values, rows: ownership } = spreadOf(a.shape, b.shape)!;
  const count = util.sizeFromShape(a.shape);
  const rows = Math.ceil(count / columns);
  const rowsPerTask = Math.max(1, Math.round(FLOATS_PER_TASK / columns));
  const out = backend.output(a.shape);
  backend.pool.run(
    task,
    {
      rowsPerTask,
      rows,
      columns,
      count,
      a: backend.address(a),
      b: backend.address(b),
      y: out.start,
      bStride: ownership === "shared" ? 0 : values === "one" ? 4 : columns * 4,
      isSingle: values === "one" ? 1 : 0,
    },
    Math.ceil(rows / rowsPerTask),
  );
  return out;
}

/** Small ones cost less in plain JavaScript. */
const SMALLEST = 1024;

function binary(name: string, task: BinaryTask, order: "commutes" | "ordered"): Kernel {
  const fits = (a: TensorInfo, b: TensorInfo) =>
    util.sizeFromShape(a.shape) >= SMALLEST && spreadOf(a.shape, b.shape) !== undefined;
  return {
    name,
    accepts: ({ a, b }) => fits(a!, b!) || (order === "commutes" && fits(b!, a!)),
    compute: (backend, { a, b }) => (fits(a!, b!) ? combine(backend, task, a!, b!) : combine(backend, task, b!, a!)),
  };
}

export const add = binary("Add", binaryTasks.add, "commutes");
export const multiply = binary("Multiply", binaryTasks.multiply, "commutes");
export const sub = binary("Sub", binaryTasks.sub, "ordered");
export const realDiv = binary("RealDiv", binaryTasks.divide, "ordered");

export const swiglu: Kernel = {
  name: "VitrailSwiglu",
  compute(backend, { gate, value }) {
    checkShape("VitrailSwiglu", "value", value!, gate!.shape);
    return combine(backend, binaryTasks.swiglu, gate!, value!);
  },
};
/** `dy · gelu'(x)` */
export const geluGradient: Kernel = {
  name: "VitrailGeluGradient",
  compute(backend, { dy, x }) {
    checkShape("VitrailGeluGradient", "x", x!, dy!.shape);
    return combine(backend, binaryTasks.geluGradient, dy!, x!);
  },
};
