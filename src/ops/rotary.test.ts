import { describeKernel, type KernelCase } from "../backend/kernel.testing.js";
import { rotaryTable, rotate } from "./rotary.js";

const sizes = (
  batch: number,
  rows: number,
  columns: number,
  prefix: number,
  heads: number,
  size: number,
): KernelCase => {
  const table = rotaryTable({ rows, columns }, { rows: 16, columns: 16 }, size);
  return {
    inputs: [[batch, prefix + rows * columns, heads * size]],
    compute: (x) => rotate(x!, table),
    bound: 2e-7,
    gradientBound: 2e-7,
  };
};

describeKernel("rotate", {
  "heads of 4": sizes(1, 2, 3, 1, 1, 4),
  "heads of 16, 2 pictures": sizes(2, 3, 3, 1, 2, 16),
  "heads of 64": sizes(1, 7, 7, 1, 3, 64),
  "no token before the patches": sizes(2, 4, 4, 0, 2, 20),
});
