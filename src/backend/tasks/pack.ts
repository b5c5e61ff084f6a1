import { defineTask, share } from "../task.js";
import type { FunctionBuilder, VectorVariable } from "../wasm/function-builder.js";
import {
  Int,
  type IntLike,
  load,
  loadReal,
  loadShort,
  loadShorts,
  type Real,
  type Vector,
  vectorOfInt,
  vectorZero,
} from "../wasm/values.js";

/** How a number is stored in a checkpoint. */
export const elementKinds = { F32: 0, F16: 1, BF16: 2 } as const;
export type ElementKind = keyof typeof elementKinds;
export const elementBytes: Record<ElementKind, number> = { F32: 4, F16: 2, BF16: 2 };

const PANELS = {
  panelsPerTask: "int",
  panels: "int",
  source: "int",
  sourceStride: "int",
  target: "int",
  columns: "int",
  k: "int",
} as const;
const PANELS_OF_A_FILE = { ...PANELS, kind: "int", flag: "int" } as const;

/**
 * A right side given as `columns` rows of k elements, as PyTorch stores a weight `[out, in]`, into panels `[panel][k][width]` of float32. Columns
 * past the last repeat it: they are computed and thrown away. Where it meets NaN or an infinity it sets the word `flag`, unless that is 0; where
 * four numbers add up to an infinity too.
 */
export const packTransposed = defineTask("packTransposed", PANELS_OF_A_FILE, (f, v, { task, library }) => {
  const width = library.wide.block.columns;
  const { first, last } = share(f, task, v.panelsPerTask, v.panels);
  f.for(first, last, 1, (panel) => {
    for (let lane = 0; lane < width; lane += 4) {
      const row = (i: number) =>
        v.source.add(
          panel
            .mul(width)
            .add(lane + i)
            .min(v.columns.sub(1))
            .mul(v.sourceStride),
        );
      const target = f.int(v.target.add(panel.mul(v.k).mul(width * 4)).add(lane * 4));
      const rows = [f.int(row(0)), f.int(row(1)), f.int(row(2)), f.int(row(3))] as const;
      const met = f.vector(vectorZero());
      const byKind = (kind: ElementKind) => transposeFour(f, kind, rows, v.k, target, width * 4, met);
      f.if(
        v.kind.equals(elementKinds.F32),
        () => byKind("F32"),
        () =>
          f.if(
            v.kind.equals(elementKinds.F16),
            () => byKind("F16"),
            () => byKind("BF16"),
          ),
      );
      f.if(v.flag, () => f.if(met.sumOfLanes().abs().asInt(), () => f.storeInt(v.flag, 1)));
    }
  });
});

/**
 * Four rows of `count` elements as `count` vectors, `stride` bytes apart.
 *
 * @param met zeros, which become NaN where an element is NaN or infinite: all else is zero when multiplied by it
 */
export function transposeFour(
  f: FunctionBuilder,
  kind: ElementKind,
  rows: readonly [Int, Int, Int, Int],
  count: IntLike,
  target: Int,
  stride: IntLike,
  met?: VectorVariable,
): void {
  const to = f.int(target);
  const offset = f.int(0);
  const size = elementBytes[kind];
  const write = (value: Vector) => {
    f.store(to, value);
    to.increase(stride);
  };
  f.while(offset.less(Int.of(count).and(-4).mul(size)), () => {
    const vector = (row: Int) => f.vector(readFour(f, kind, row.add(offset)));
    const [a, b, c, d] = [vector(rows[0]), vector(rows[1]), vector(rows[2]), vector(rows[3])];
    const [low, high, low2, high2] = [
      f.vector(a.shuffle(b, [0, 4, 1, 5])),
      f.vector(a.shuffle(b, [2, 6, 3, 7])),
      f.vector(c.shuffle(d, [0, 4, 1, 5])),
      f.vector(c.shuffle(d, [2, 6, 3, 7])),
    ];
    write(low.shuffle(low2, [0, 1, 4, 5]));
    write(low.shuffle(low2, [2, 3, 6, 7]));
    write(high.shuffle(high2, [0, 1, 4, 5]));
    write(high.shuffle(high2, [2, 3, 6, 7]));
    met?.set(f.multiplyAdd(a.add(b).add(c.add(d)), vectorZero(), met));
    offset.increase(4 * size);
  });
  f.while(offset.less(Int.of(count).mul(size)), () => {
    for (const [lane, row] of rows.entries()) {
      const value = f.real(readOne(kind, row.add(offset)));
      f.storeReal(to, value, lane * 4);
      met?.set(met.add(value.mul(0).splat()));
    }
    to.increase(stride);
    offset.increase(size);
  });
}

/** A float16's exponent is 112 less than the same float32's; multiplying by 2^112 is exact, for subnormal numbers too. */
const TWO_TO_112 = 2 ** 112;

/** Four elements as float32: exact for every pattern, infinities and NaN too. */
export function readFour(f: FunctionBuilder, kind: ElementKind, address: Int): Vector {
  if (kind === "F32") return load(address);
  if (kind === "BF16") return loadShorts(address).shiftLeft(16);
  const bits = f.vector(loadShorts(address));
  const magnitude = f.vector(bits.and(vectorOfInt(0x7fff)));
  const number = magnitude.shiftLeft(13).mul(f.constant(TWO_TO_112));
  const special = magnitude.atLeastInt(vectorOfInt(0x7c00)).and(vectorOfInt(0x7f800000));
  const sign = bits.and(vectorOfInt(0x8000)).shiftLeft(16);
  return number.or(special).or(sign);
}

function readOne(kind: ElementKind, address: Int): Real {
  if (kind === "F32") return loadReal(address);
  const bits = loadShort(address);
  if (kind === "BF16") return bits.shiftLeft(16).asReal();
  const number = bits.and(0x7fff).shiftLeft(13).asReal().mul(TWO_TO_112).asInt();
  const special = Int.of(0x7f800000).where(bits.and(0x7fff).atLeast(0x7c00), 0);
  return number.or(special).or(bits.and(0x8000).shiftLeft(16)).asReal();
}

/** A right side given as k rows of `columns` floats into panels `[panel][k][width]`; columns past the last are zero. */
export const packPlain = defineTask("packPlain", PANELS, (f, v, { task, library }) => {
  const width = library.wide.block.columns;
  const { first, last } = share(f, task, v.panelsPerTask, v.panels);
  f.for(first, last, 1, (panel) => {
    const source = f.int(v.source.add(panel.mul(width * 4)));
    const target = f.int(v.target.add(panel.mul(v.k).mul(width * 4)));
    const valid = f.int(v.columns.sub(panel.mul(width)).min(width).shiftLeft(2));
    f.for(0, v.k, 1, () => {
      f.if(
        valid.equals(width * 4),
        () => {
          for (let lane = 0; lane < width; lane += 4) f.store(target, load(source, lane * 4), lane * 4);
        },
        () => {
          f.clearBytes(target, width * 4);
          f.copyBytes(target, source, valid);
        },
      );
      source.increase(v.sourceStride);
      target.increase(width * 4);
    });
  });
});

/** The reverse of both: panels into rows, a step of `alongK` bytes from one k to the next and `alongColumns` from one column to the next. */
export const unpack = defineTask(
  "unpack",
  {
    panelsPerTask: "int",
    panels: "int",
    source: "int",
    target: "int",
    columns: "int",
    k: "int",
    alongK: "int",
    alongColumns: "int",
  },
  (f, v, { task, library }) => {
    const width = library.wide.block.columns;
    const { first, last } = share(f, task, v.panelsPerTask, v.panels);
    f.for(first, last, 1, (panel) => {
      const valid = f.int(v.columns.sub(panel.mul(width)).min(width));
      f.for(0, valid, 1, (lane) => {
        const source = f.int(v.source.add(panel.mul(v.k).mul(width).add(lane).shiftLeft(2)));
        const target = f.int(v.target.add(panel.mul(width).add(lane).mul(v.alongColumns)));
        f.for(0, v.k, 1, () => {
          f.storeReal(target, loadReal(source));
          source.increase(width * 4);
          target.increase(v.alongK);
        });
      });
    });
  },
);

/** Elements of a 16-bit kind → float32. */
export const widen = defineTask(
  "widen",
  { each: "int", count: "int", source: "int", target: "int", kind: "int" },
  (f, v, { task }) => {
    const { first, last } = share(f, task, v.each, v.count);
    const byKind = (kind: "F16" | "BF16") => {
      const source = f.int(v.source.add(first.shiftLeft(1)));
      const target = f.int(v.target.add(first.shiftLeft(2)));
      const count = f.int(last.sub(first));
      f.while(count.atLeast(4), () => {
        f.store(target, readFour(f, kind, source));
        source.increase(8);
        target.increase(16);
        count.increase(-4);
      });
      f.while(count, () => {
        f.storeReal(target, readOne(kind, source));
        source.increase(2);
        target.increase(4);
        count.increase(-1);
      });
    };
    f.if(
      v.kind.equals(elementKinds.F16),
      () => byKind("F16"),
      () => byKind("BF16"),
    );
  },
);
