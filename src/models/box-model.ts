import { type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";

/** Values that a box is read from: its center, width and height, and six landmarks of two coordinates each. */
export const BOX_VALUES = 16;

/** Where boxes are read: a feature map with one cell for each `stride` x `stride` pixels of the input. */
export interface BoxGrid {
  /** Pixels. */
  readonly stride: number;
  readonly boxesPerCell: number;
}

export interface BoxModel {
  /** Pixels `[batch, size, size, 3]` in [-1, 1] → both outputs. */
  model: LayersModel;
  /** `classificators`, logits, `[batch, boxes]`; `regressors`, pixels relative to the box's cell, `[batch, boxes, 16]`. */
  outputs: ReadonlyMap<string, SymbolicTensor>;
}

/**
 * Strings the boxes of all grids together, in the order of the maps, each map in reading order: classifier maps
 * `[batch, rows, columns, boxesPerCell]` → output `classificators` `[batch, boxes]`; regressor maps
 * `[batch, rows, columns, boxesPerCell * 16]` → output `regressors` `[batch, boxes, 16]`.
 */
export function boxModel(
  pixels: SymbolicTensor,
  { classifiers, regressors }: { classifiers: SymbolicTensor[]; regressors: SymbolicTensor[] },
): BoxModel {
  const outputs = new Map([
    ["classificators", strung(classifiers, "classificators", [])],
    ["regressors", strung(regressors, "regressors", [BOX_VALUES])],
  ]);
  return { model: model({ inputs: pixels, outputs: [...outputs.values()] }), outputs };
}

function strung(maps: SymbolicTensor[], name: string, values: number[]): SymbolicTensor {
  const rows = maps.map((map, grid) => {
    const own = maps.length === 1 ? name : `${name}.${grid}`;
    const boxes = product(map.shape.slice(1) as number[]) / product(values);
    return layers.reshape({ name: own, targetShape: [boxes, ...values] }).apply(map) as SymbolicTensor;
  });
  return rows.length === 1 ? rows[0]! : (layers.concatenate({ name, axis: 1 }).apply(rows) as SymbolicTensor);
}

function product(sizes: number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
