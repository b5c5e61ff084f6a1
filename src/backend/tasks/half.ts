import { defineTask, share } from "../task.js";
import type { FunctionBuilder } from "../wasm/function-builder.js";
import { type Int, loadInt, loadShort } from "../wasm/values.js";
import { type ElementKind, elementBytes, elementKinds } from "./pack.js";

/** Infinity of float16, and the first magnitude that rounds to it. */
const INFINITY = 0x7c00;
/** 2^-14 as float32's bits: below, a float16 is subnormal. */
const SMALLEST_NORMAL = 0x38800000;
/** One half as float32's bits. Its last place is a float16's smallest step, so adding it rounds a subnormal number right. */
const ONE_HALF = 0x3f000000;
/** From float32's exponent to float16's, in float32's bits. */
const EXPONENT_SHIFT = 0x38000000;

/** The float16 nearest to a finite float32 given by its bits, ties to even; infinity where that is too large. */
function roundToHalf(f: FunctionBuilder, bits: Int): Int {
  const magnitude = f.int(bits.and(0x7fffffff));
  const half = f.int(0);
  f.if(
    magnitude.less(SMALLEST_NORMAL),
    () => half.set(magnitude.asReal().add(0.5).asInt().sub(ONE_HALF)),
    () => {
      const tie = magnitude.shiftRight(13).and(1);
      half.set(magnitude.sub(EXPONENT_SHIFT).add(0xfff).add(tie).shiftRight(13).min(INFINITY));
    },
  );
  return half.or(bits.shiftRight(16).and(0x8000));
}

/**
 * A weight of `columns` rows of k elements into panels of float16, zero past the last column. Sets the word `flag` where a number is too
 * large, infinite or NaN. A task is some panels.
 */
export const packHalf = defineTask(
  "packHalf",
  {
    panelsPerTask: "int",
    panels: "int",
    source: "int",
    columns: "int",
    k: "int",
    kind: "int",
    target: "int",
    panelBytes: "int",
    flag: "int",
  },
  (f, v, { task, library }) => {
    const width = library.wide.block.columns;
    const { first, last } = share(f, task, v.panelsPerTask, v.panels);
    const packRow = (kind: ElementKind, source: Int, target: Int) => {
      const from = f.int(source);
      const to = f.int(target);
      f.for(0, v.k, 1, () => {
        const bits = kind === "F32" ? loadInt(from) : loadShort(from).shiftLeft(kind === "BF16" ? 16 : 0);
        const half = f.int(kind === "F16" ? bits : roundToHalf(f, f.int(bits)));
        f.storeShort(to, half);
        f.if(half.and(INFINITY).equals(INFINITY), () => f.storeInt(v.flag, 1));
        from.increase(elementBytes[kind]);
        to.increase(width * 2);
      });
    };
    f.for(first, last, 1, (panel) => {
      const start = f.int(v.target.add(panel.mul(v.panelBytes)));
      f.clearBytes(start, v.panelBytes);
      f.for(0, v.columns.sub(panel.mul(width)).min(width), 1, (lane) => {
        const column = f.int(panel.mul(width).add(lane));
        const target = f.int(start.add(lane.shiftLeft(1)));
        for (const kind of Object.keys(elementKinds) as ElementKind[])
          f.if(v.kind.equals(elementKinds[kind]), () =>
            packRow(kind, v.source.add(column.mul(v.k).mul(elementBytes[kind])), target),
          );
      });
    });
  },
);
