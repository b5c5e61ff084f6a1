import type { backend_util, DataType, TensorInfo } from "@tensorflow/tfjs-core";

/** A matrix in panels, `[panel][k][width]`: how products read their right sides. */
export interface Packed {
  at: "packed";
  start: number;
  k: number;
  columns: number;
  /** Which way the tensor lies: `[k, columns]`, or `[columns, k]`. */
  rows: "k" | "columns";
}

/**
 * A weight `[k, columns]` as small integers, in panels, see `wasm/quantized-tiles.ts`; behind them a scale, and a sum, for each column of every
 * panel.
 */
export interface Quantized {
  at: "quantized";
  start: number;
  k: number;
  columns: number;
}

/** A weight `[k, columns]` as float16, in panels `[panel][k, made even][width]`. */
export interface Half {
  at: "half";
  start: number;
  k: number;
  columns: number;
}

/** Where the numbers of a tensor are: exactly one of these. */
export type Place =
  /** In a JavaScript array, as TF.js's CPU kernels make them. */
  | { at: "array"; values: backend_util.BackendValues }
  /** In the engine's memory, float32, row by row. */
  | { at: "memory"; start: number }
  | Packed
  | Quantized
  | Half
  /** All zero, and nowhere: what a layer's weights are before a checkpoint is put in. */
  | { at: "unset" };

/** What a storage asks of its backend. */
export interface PlaceReader {
  numbersAt(place: Place, size: number): Float32Array;
}

/** The entry of the backend's data map. TF.js's CPU kernels read `values`, so every place answers it with a plain row-major array. */
export class Storage {
  refCount = 1;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  /** Uses as the right side of a product, by `Packed.rows`: from the second on the panels are kept. */
  readonly uses = { k: 0, columns: 0 };
  /** Something made of the numbers, as rows of small integers, that leaves with them. */
  copy: { start: number; form: number } | undefined;
  private location: Place;
  private view: Float32Array | undefined;

  constructor(
    private readonly reader: PlaceReader,
    readonly dtype: DataType,
    readonly size: number,
    place: Place,
  ) {
    this.location = place;
  }

  get place(): Place {
    return this.location;
  }
  set place(place: Place) {
    this.location = place;
    this.view = undefined;
  }

  get values(): backend_util.BackendValues {
    if (this.location.at === "array") return this.location.values;
    // The view of a plain memory is detached, and empty, after a growth.
    if (this.location.at === "memory" && this.view?.length === this.size) return this.view;
    const values = this.reader.numbersAt(this.location, this.size);
    if (this.location.at === "memory") this.view = values;
    if (this.location.at === "unset") this.place = { at: "array", values };
    return values;
  }
}
