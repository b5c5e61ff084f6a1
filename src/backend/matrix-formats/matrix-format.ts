import type { ElementKind } from "../tasks/pack.js";
import type { VitrailBackend } from "../vitrail-backend.js";

/** A matrix `[k, columns]`, the right side of products, in some order of its own somewhere in the engine's memory. */
export interface PlacedMatrix {
  start: number;
  k: number;
  columns: number;
}

/** A way to keep such matrices. */
export interface MatrixFormat<Matrix extends PlacedMatrix> {
  /** What a matrix takes. */
  bytes(backend: VitrailBackend, k: number, columns: number): number;
  /**
   * Brings a stored weight into its place.
   * @param source address of `columns` rows of k elements, as PyTorch stores `[out, in]`
   */
  pack(backend: VitrailBackend, source: number, kind: ElementKind, matrix: Matrix): void;
  /** Writes the numbers row by row, as the tensor lies, to an address. */
  unpack(backend: VitrailBackend, matrix: Matrix, target: number): void;
}

/** Panels of a width that columns fill. */
export const panelsOf = (columns: number, width: number): number => Math.ceil(columns / width);
