import {
  add,
  concat,
  matMul,
  mul,
  neg,
  reshape,
  slice,
  softmax,
  split,
  type Tensor,
  tensor,
  transpose,
} from "@tensorflow/tfjs-core";
import type { Image } from "../src/images/image.js";
import type { Attention, AttentionWeights } from "../src/nn/attention.js";
import { Rotary, type RotaryConfig } from "../src/nn/rotary.js";
import { type RotaryTable, rotaryTable, rotate } from "../src/ops/rotary.js";
import { type Change, changedLayer, type ModelFolder } from "./inject-fault.js";

type Tensors = ModelFolder["tensors"];

/** The one tensor whose name ends so. */
function find(tensors: Tensors, ending: string) {
  const names = [...tensors.keys()].filter((name) => name.endsWith(ending));
  if (names.length !== 1) throw new Error(`${names.length} tensors end in "${ending}".`);
  return tensors.get(names[0]!)!;
}

/** Other fields in config.json, or in a section of it. */
export const configured = (fields: object, section?: string): Change => ({
  files: ({ config }) => void Object.assign(section ? config[section] : config, fields),
});
/** Other fields in preprocessor_config.json. */
export const prepared = (fields: object): Change => ({
  files: ({ preprocessor }) => void Object.assign(preprocessor, fields),
});
const inTensors = (change: (tensors: Tensors) => void): Change => ({ files: ({ tensors }) => change(tensors) });
/** One value in a tensor's first `count` elements, or in all. */
export const fill = (ending: string, value: number, count?: number) =>
  inTensors((tensors) => void find(tensors, ending).values.fill(value, 0, count));

export function swap(one: string, other: string): Change {
  return inTensors((tensors) => {
    const [a, b] = [find(tensors, one).values, find(tensors, other).values];
    const kept = a.slice();
    a.set(b);
    b.set(kept);
  });
}

/** Puts the equal parts of a fused tensor in another order. */
export function reorder(ending: string, order: readonly number[]): Change {
  return inTensors((tensors) => {
    const { values } = find(tensors, ending);
    const size = values.length / order.length;
    const parts = order.map((part) => values.slice(part * size, (part + 1) * size));
    for (const [index, part] of parts.entries()) values.set(part, index * size);
  });
}

export function transposed(ending: string): Change {
  return inTensors((tensors) => {
    const { values, shape } = find(tensors, ending);
    const side = shape.at(-1)!;
    const kept = values.slice();
    for (let at = 0; at < values.length; at++) {
      const column = at % side;
      const row = Math.floor(at / side) % side;
      values[at] = kept[at + (column - row) * side + (row - column)]!;
    }
  });
}

/** As many mantissa bits as a narrower format has: 10 in float16, 7 in bfloat16. */
export function rounded(mantissaBits: number): Change {
  const step = 2 ** (23 - mantissaBits);
  return inTensors((tensors) => {
    for (const { values } of tensors.values()) {
      const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < bits.length; i++) bits[i] = Math.round(bits[i]! / step) * step;
    }
  });
}

export function swapBlocks(one: number, other: number): Change {
  return inTensors((tensors) => {
    for (const [name, tensor] of [...tensors]) {
      const counterpart = name.replace(`.${one}.`, `.${other}.`);
      if (counterpart === name) continue;
      const kept = tensors.get(counterpart)!;
      tensors.set(name, kept).set(counterpart, tensor);
    }
  });
}

/** Another order or choice of a picture's bytes. */
export function pixels(from: (image: Image, row: number, column: number, channel: number) => number): Change {
  return {
    picture(image) {
      const data = new Uint8Array(image.data.length);
      for (let at = 0; at < data.length; at++) {
        const pixel = Math.floor(at / 3);
        data[at] = from(image, Math.floor(pixel / image.width), pixel % image.width, at % 3);
      }
      return { ...image, data };
    },
  };
}

export const pixel = ({ data, width }: Image, row: number, column: number, channel: number) =>
  data[(row * width + column) * 3 + channel]!;

/** To 32 x 32 as a resize without antialiasing does it: between the two nearest pixels each way. */
export function sharplyResized(image: Image): Image {
  const side = 32;
  const data = new Uint8Array(side * side * 3);
  const taps = (at: number, length: number) => {
    const place = Math.min(Math.max(((at + 0.5) * length) / side - 0.5, 0), length - 1);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, length - 1), share: place - low };
  };
  for (let row = 0, at = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      for (let channel = 0; channel < 3; channel++, at++) {
        const y = taps(row, image.height);
        const x = taps(column, image.width);
        const along = (line: number) =>
          pixel(image, line, x.low, channel) * (1 - x.share) + pixel(image, line, x.high, channel) * x.share;
        data[at] = Math.round(along(y.low) * (1 - y.share) + along(y.high) * y.share);
      }
  return { data, width: side, height: side, channels: 3 };
}

/** Rotary positions by another table. */
export function rotary(table: (config: RotaryConfig, size: number) => RotaryTable): Change {
  return changedLayer(Rotary, (layer, [x]) => {
    const config = layer.getConfig() as unknown as RotaryConfig;
    return rotate(x!, table(config, x!.shape[2]! / config.heads));
  });
}

/** Every channel of a head with the one half a head away instead of its neighbor, as most language models do it. */
export function rotateHalves(x: Tensor, { sin, cos, patches, size }: RotaryTable): Tensor {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const prefix = tokens - patches;
  const turned = reshape(slice(x, [0, prefix, 0], [batch, patches, width]), [batch, patches, width / size, size]);
  const [low, high] = split(turned, 2, 3) as [Tensor, Tensor];
  const by = (values: Float32Array) => reshape(tensor(values, [patches, size]), [1, patches, 1, size]);
  const rotated = add(mul(turned, by(cos)), mul(concat([neg(high), low], 3), by(sin)));
  return concat([slice(x, [0, 0, 0], [batch, prefix, width]), reshape(rotated, [batch, patches, width])], 1);
}

/** Queries multiplied so that the scores are as they would be without, or with another, scale. */
export const unscaled = (kind: typeof Attention | typeof AttentionWeights) =>
  changedLayer(kind as typeof Attention, (layer, [queries, ...others], original) => {
    const { heads } = layer.getConfig() as unknown as { heads: number };
    return original([mul(queries!, Math.sqrt(queries!.shape[2]! / heads)), ...others]);
  });

/** Rotary positions that begin at 1 in both directions. */
export const shiftedTable = ({ grid, reference }: RotaryConfig, size: number): RotaryTable => {
  const rows = grid.rows + 1;
  const columns = grid.columns + 1;
  const wider = rotaryTable(
    { rows, columns },
    { rows: (reference.rows * rows) / grid.rows, columns: (reference.columns * columns) / grid.columns },
    size,
  );
  const moved = (values: Float32Array) => {
    const begins = Array.from({ length: grid.rows }, (_, row) => ((row + 1) * columns + 1) * size);
    return Float32Array.from(begins.flatMap((begin) => [...values.subarray(begin, begin + grid.columns * size)]));
  };
  return { size, patches: grid.rows * grid.columns, sin: moved(wider.sin), cos: moved(wider.cos) };
};

/** Rows turn the second half of a head's channels, columns the first. */
export const swappedTable = ({ grid, reference }: RotaryConfig, size: number): RotaryTable => {
  const { sin, cos, patches } = rotaryTable(grid, reference, size);
  const half = size / 2;
  const swapped = (values: Float32Array) => values.map((_, at) => values[at + (at % size < half ? half : -half)]!);
  return { size, patches, sin: swapped(sin), cos: swapped(cos) };
};

/** Attention whose heads take every n-th channel instead of neighboring ones. */
export function interleavedHeads([queries, keys, values]: Tensor[], heads: number): Tensor {
  const [batch, tokens, width] = queries!.shape as [number, number, number];
  const apart = (x: Tensor) => transpose(reshape(x, [batch, tokens, width / heads, heads]), [0, 3, 1, 2]);
  const scores = mul(matMul(apart(queries!), apart(keys!), false, true), Math.sqrt(heads / width));
  const mixed = matMul(softmax(scores), apart(values!));
  return reshape(transpose(mixed, [0, 2, 3, 1]), [batch, tokens, width]);
}
