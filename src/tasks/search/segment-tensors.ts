import { SearchError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import type { TensorsToWrite, TensorToWrite } from "../../io/write-safetensors.js";
import type { BytesOrSource } from "../../io/write-safetensors-file.js";
import type { Precision, SegmentEntry } from "./manifest.js";
import type { VectorRows } from "./vector-rows.js";

/** Rows are read and written in pieces of this size, so that a segment of any size takes little memory. */
const PIECE_BYTES = 2 ** 23;

/** The tensors of a segment by what they hold. "int8" has all three. */
const TENSORS = {
  /** `[rows, width]` */
  vectors: { dtype: "F32", bytes: 4 },
  /** `[rows, width]`, to be multiplied with the row's scale */
  codes: { dtype: "I8", bytes: 1 },
  /** `[rows]` */
  scales: { dtype: "F32", bytes: 4 },
} as const;

const NAMES: Record<Precision, readonly (keyof typeof TENSORS)[]> = {
  float32: ["vectors"],
  int8: ["vectors", "codes", "scales"],
  "int8-only": ["codes", "scales"],
};

/**
 * The tensors of a segment to be written.
 *
 * @param slots of the rows, in their order
 * @param exact the float32 vector of a slot, where the rows in memory are int8
 */
export function tensorsOf(
  rows: VectorRows,
  slots: readonly number[],
  precision: Precision,
  exact: (slot: number, target: Uint8Array) => void,
): TensorsToWrite<BytesOrSource> {
  const { width } = rows;
  const inPieces = (rowBytes: number, fill: (slot: number, target: Uint8Array) => void) =>
    function* () {
      const some = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
      for (let from = 0; from < slots.length; from += some) {
        const part = slots.slice(from, from + some);
        const piece = new Uint8Array(part.length * rowBytes);
        for (const [i, slot] of part.entries()) fill(slot, piece.subarray(i * rowBytes, (i + 1) * rowBytes));
        yield piece;
      }
    };
  const copy = (slot: number, target: Uint8Array) => target.set(rows.bytesAt(slot));
  const sources = {
    vectors: inPieces(width * 4, precision === "float32" ? copy : exact),
    codes: inPieces(width, copy),
    scales: () => new Uint8Array(Float32Array.from(slots, (slot) => rows.scaleAt(slot)).buffer),
  };
  return NAMES[precision].map((name): [string, TensorToWrite<BytesOrSource>] => [
    name,
    { dtype: TENSORS[name].dtype, shape: shapeOf(name, slots.length, width), bytes: sources[name] },
  ]);
}

/** @throws SearchError `search/segment` where a file does not hold what its index is made of */
export function checkTensors(
  vectors: Checkpoint,
  { name, rows }: SegmentEntry,
  precision: Precision,
  width: number,
): void {
  for (const tensor of NAMES[precision]) {
    const found = vectors.tensors.get(tensor);
    const wanted = shapeOf(tensor, rows, width);
    if (found?.dtype === TENSORS[tensor].dtype && String(found.shape) === String(wanted)) continue;
    throw new SearchError(
      "search/segment",
      `Segment "${name}" has ${found ? `${found.dtype} [${found.shape}]` : "nothing"} for "${tensor}"; wanted ${TENSORS[tensor].dtype} [${wanted}]. Restore the index, or make it again.`,
      { details: { segment: name, tensor } },
    );
  }
}

/** Reads a segment's rows into their slots; rows without one are passed over. */
export async function readRows(vectors: Checkpoint, slots: Int32Array, rows: VectorRows): Promise<void> {
  const [tensor, rowBytes] =
    rows.format === "float32" ? (["vectors", rows.width * 4] as const) : (["codes", rows.width] as const);
  const some = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  const buffer = new Uint8Array(Math.min(some, slots.length) * rowBytes);
  for (let from = 0; from < slots.length; from += some) {
    const count = Math.min(some, slots.length - from);
    const piece = buffer.subarray(0, count * rowBytes);
    await vectors.readInto(tensor, piece, { begin: from * rowBytes, end: (from + count) * rowBytes });
    for (let i = 0; i < count; i++) {
      const slot = slots[from + i]!;
      if (slot >= 0) rows.bytesAt(slot).set(piece.subarray(i * rowBytes, (i + 1) * rowBytes));
    }
  }
  if (rows.format === "float32") return;
  const scales = new Float32Array(slots.length);
  await vectors.readInto("scales", new Uint8Array(scales.buffer));
  for (const [row, slot] of slots.entries()) if (slot >= 0) rows.setScale(slot, scales[row]!);
}

/** Reads one row as float32 where the segment has it. `[width]` */
export function readVector(vectors: Checkpoint, row: number, target: Uint8Array): void {
  vectors.readIntoSync("vectors", target, { begin: row * target.length, end: (row + 1) * target.length });
}

const shapeOf = (name: keyof typeof TENSORS, rows: number, width: number) =>
  name === "scales" ? [rows] : [rows, width];
