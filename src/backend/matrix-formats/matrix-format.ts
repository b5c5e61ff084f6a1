import { type ElementKind, elementBytes } from "../tasks/pack.js";
import type { VitrailBackend } from "../vitrail-backend.js";

/** A matrix `[k, columns]`, the right side of products, in some order of its own somewhere in the engine's memory. */
export interface PlacedMatrix {
  start: number;
  k: number;
  columns: number;
}

/** Some panels of a matrix. */
export interface Part {
  first: number;
  panels: number;
  /** What they hold of the matrix's columns. */
  columns: number;
}

/** When a weight's numbers are proved to be finite: as they are read, or as the threads pack them, who then have them read again for the error. */
export type FiniteCheck = "now" | "later";

/**
 * Writes a weight's bytes from `begin` on, as the file has them, as many as the view holds.
 * @throws what its owner has for NaN and infinities, when they are checked "now", which is the default
 */
export type Fill = (bytes: Uint8Array, begin?: number, check?: FiniteCheck) => void;

/** A way to keep such matrices. */
export interface MatrixFormat<Matrix extends PlacedMatrix> {
  /** What a matrix takes. */
  bytes(backend: VitrailBackend, k: number, columns: number): number;
  /** Columns of a panel. */
  width(backend: VitrailBackend): number;
  /** "later" when `pack` sets its flag for NaN and infinities. */
  readonly check: FiniteCheck;
  /**
   * Brings a part of a stored weight into its place. Threads may still be at it when this returns; `pool.finish()` waits for them.
   * @param source address of rows of k elements, as PyTorch stores `[out, in]`: those of `part`'s panels
   * @param flag address of a word that is set where a number should be looked at; 0 for none
   */
  pack(backend: VitrailBackend, source: number, kind: ElementKind, matrix: Matrix, part: Part, flag: number): void;
  /** Throws where numbers that set the flag, though they are finite, can't be kept. */
  refuse?(): never;
  /** Writes the numbers row by row, as the tensor lies, to an address. */
  unpack(backend: VitrailBackend, matrix: Matrix, target: number): void;
}

/** Panels of a width that columns fill. */
export const panelsOf = (columns: number, width: number): number => Math.ceil(columns / width);

/** Twice this stays in a core's L2 cache. */
const PART_BYTES = 2 ** 19;

/**
 * Brings a stored weight from its file into its place, part by part: the caller reads one while the threads pack the one before.
 */
export function packFromFile<Matrix extends PlacedMatrix>(
  backend: VitrailBackend,
  format: MatrixFormat<Matrix>,
  kind: ElementKind,
  matrix: Matrix,
  fill: Fill,
): void {
  const width = format.width(backend);
  const rowBytes = matrix.k * elementBytes[kind];
  const most = Math.max(1, Math.floor(PART_BYTES / (rowBytes * width)));
  const all = panelsOf(matrix.columns, width);
  backend.withScratch(() => {
    const stages = [0, 1].map(() => backend.scratch(Math.min(most, all) * width * rowBytes));
    const flag = backend.scratch(4);
    const isSet = () => backend.memoryBlocks.bytes(flag, 1)[0] !== 0;
    backend.memoryBlocks.bytes(flag, 4).fill(0);
    const readParts = (check: FiniteCheck, use: (source: number, part: Part) => void) => {
      for (let first = 0, turn = 0; first < all; first += most, turn = 1 - turn) {
        const panels = Math.min(most, all - first);
        const columns = Math.min(panels * width, matrix.columns - first * width);
        fill(backend.memoryBlocks.bytes(stages[turn]!, columns * rowBytes), first * width * rowBytes, check);
        use(stages[turn]!, { first, panels, columns });
      }
    };
    try {
      readParts(format.check, (source, part) => format.pack(backend, source, kind, matrix, part, flag));
    } finally {
      backend.pool.finish();
    }
    if (!isSet()) return;
    readParts("now", () => {}); // which throws if what was met is not finite
    format.refuse?.();
  });
}
