/** Where the pixels of one pass lie in the picture: every `stepX`-th from `x`, every `stepY`-th row from `y`. */
export interface PngPass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  /** Pixels a row of the pass. */
  readonly columns: number;
  readonly rows: number;
}

/** Adam7: x, y, stepX, stepY. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes that hold pixels, in the order stored. */
export function pngPasses(width: number, height: number, isInterlaced: boolean): PngPass[] {
  return (isInterlaced ? ADAM7 : [[0, 0, 1, 1] as const])
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.ceil((width - x) / stepX);
      const rows = Math.ceil((height - y) / stepY);
      return { x, y, stepX, stepY, columns, rows };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Puts rows together from inflated pieces of any size and undoes their filters. */
export class PngRows {
  private pass = 0;
  private row = 0;
  private filled = 0;
  /** A filter's number, then the samples. */
  private current: Uint8Array;
  private previous: Uint8Array;
  unknownFilter: number | undefined;

  /**
   * @param bitsPerPixel all samples of a pixel
   * @param write gets each row's samples, a view that is valid only during the call
   */
  constructor(
    private readonly passes: PngPass[],
    private readonly bitsPerPixel: number,
    private readonly write: (samples: Uint8Array, pass: PngPass, row: number) => void,
  ) {
    this.current = this.previous = new Uint8Array();
    this.startPass();
  }

  /** Bytes of all rows with their filters. */
  static byteLength(passes: PngPass[], bitsPerPixel: number): number {
    return passes.reduce((sum, { rows, columns }) => sum + rows * rowLength(columns, bitsPerPixel), 0);
  }

  /** Takes the next inflated bytes; true: no more are wanted. */
  readonly take = (piece: Uint8Array): boolean => {
    let at = 0;
    while (at < piece.length && !this.isDone) {
      const part = piece.subarray(at, at + this.current.length - this.filled);
      this.current.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === this.current.length) this.finishRow();
    }
    return this.isDone;
  };

  /** All rows are written, or a filter is unknown. */
  get isDone(): boolean {
    return this.pass === this.passes.length || this.unknownFilter !== undefined;
  }

  private finishRow(): void {
    const filter = this.current[0]!;
    if (filter > 4) {
      this.unknownFilter = filter;
      return;
    }
    const samples = this.current.subarray(1);
    unfilter(filter, samples, this.previous.subarray(1), Math.ceil(this.bitsPerPixel / 8));
    this.write(samples, this.passes[this.pass]!, this.row);
    [this.current, this.previous] = [this.previous, this.current];
    this.filled = 0;
    this.row++;
    if (this.row < this.passes[this.pass]!.rows) return;
    this.pass++;
    this.startPass();
  }

  private startPass(): void {
    const pass = this.passes[this.pass];
    if (!pass) return;
    this.row = 0;
    this.current = new Uint8Array(rowLength(pass.columns, this.bitsPerPixel));
    this.previous = new Uint8Array(this.current.length);
  }
}

function rowLength(columns: number, bitsPerPixel: number): number {
  return 1 + Math.ceil((columns * bitsPerPixel) / 8);
}

/** Undoes a row's filter in place. `distance`: bytes to the same sample of the pixel on the left, at least 1. */
function unfilter(filter: number, samples: Uint8Array, above: Uint8Array, distance: number): void {
  const length = samples.length;
  if (filter === 1) for (let i = distance; i < length; i++) samples[i] = samples[i]! + samples[i - distance]!;
  if (filter === 2) for (let i = 0; i < length; i++) samples[i] = samples[i]! + above[i]!;
  if (filter === 3) {
    for (let i = 0; i < length; i++) {
      const left = i < distance ? 0 : samples[i - distance]!;
      samples[i] = samples[i]! + ((left + above[i]!) >> 1);
    }
  }
  if (filter === 4) {
    for (let i = 0; i < Math.min(distance, length); i++) samples[i] = samples[i]! + above[i]!;
    for (let i = distance; i < length; i++) {
      const [left, up, corner] = [samples[i - distance]!, above[i]!, above[i - distance]!];
      const fromLeft = Math.abs(up - corner);
      const fromUp = Math.abs(left - corner);
      const fromCorner = Math.abs(left + up - 2 * corner);
      const nearest = fromLeft <= fromUp && fromLeft <= fromCorner ? left : fromUp <= fromCorner ? up : corner;
      samples[i] = samples[i]! + nearest;
    }
  }
}
