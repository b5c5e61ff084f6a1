import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { Prelu } from "../nn/prelu.js";
import { convolution, separable } from "./convolutions.js";

/** What MediaPipe's face landmark network consists of. Plain data. */
export interface FaceMeshConfig {
  /** Side of the square input, pixels. */
  readonly size: number;
  /** Output channels of the stem, which halves the picture. */
  readonly stem: number;
  /** Output channels of each block, stage by stage. The first block of every stage but the first halves the feature map. */
  readonly stages: readonly (readonly number[])[];
  /** Of the points' branch, and of the presence's: the blocks of a last stage, and the channels that its map is then reduced to. */
  readonly points: FaceMeshBranch;
  readonly presence: FaceMeshBranch;
}

interface FaceMeshBranch {
  readonly stage: readonly number[];
  readonly reduced: number;
  /** Values that are read from the whole last map. */
  readonly values: number;
}

/** Points of the mesh; three values each. */
export const MESH_POINTS = 468;

/** `face_landmark.tflite`. */
export const FACE_MESH: FaceMeshConfig = {
  size: 192,
  stem: 16,
  stages: [
    [16, 16],
    [32, 32, 32],
    [64, 64, 64],
    [128, 128, 128],
    [128, 128, 128],
  ],
  points: { stage: [128, 128, 128], reduced: 32, values: 3 * MESH_POINTS },
  presence: { stage: [128], reduced: 32, values: 1 },
};

export interface FaceMeshModel {
  /** Pixels `[batch, size, size, 3]` in [0, 1] → both outputs. */
  model: LayersModel;
  /** `points`, x, y, z in pixels of the input, `[batch, 1404]`; `presence`, a logit, `[batch, 1]`. */
  outputs: ReadonlyMap<string, SymbolicTensor>;
}

/** Builds the face landmark network. A layer's name is its checkpoint prefix. */
export function faceMesh(c: FaceMeshConfig): FaceMeshModel {
  const pixels = input({ shape: [c.size, c.size, 3] });
  let x = activated(convolution(pixels, "backbone.stem", { channels: c.stem, kernel: 3, stride: 2 }), "backbone.stem");
  let index = 0;
  for (const [level, widths] of c.stages.entries())
    x = stage(x, widths, { halving: level > 0, nameOf: () => `backbone.blocks.${index++}` });
  const outputs = new Map([
    ["points", branch(x, c.points, "points")],
    ["presence", branch(x, c.presence, "presence")],
  ]);
  return { model: model({ inputs: pixels, outputs: [...outputs.values()] }), outputs };
}

/** Reads `values` numbers from a feature map. `[batch, rows, columns, channels]` → `[batch, values]` */
function branch(x: SymbolicTensor, { stage: widths, reduced, values }: FaceMeshBranch, name: string): SymbolicTensor {
  let index = 0;
  const nameOf = () => `${name}.blocks.${index++}`;
  const end = stage(x, widths, { halving: true, nameOf });
  const narrow = activated(convolution(end, `${name}.reduce`, { channels: reduced }), `${name}.reduce`);
  const map = block(narrow, nameOf(), { channels: reduced, stride: 1 });
  const kernelSize = map.shape[1]!;
  const whole = layers.conv2d({ name: `${name}.head`, filters: values, kernelSize, kernelInitializer: "zeros" });
  return layers.flatten({ name }).apply(whole.apply(map)) as SymbolicTensor;
}

function stage(
  x: SymbolicTensor,
  widths: readonly number[],
  { halving, nameOf }: { halving: boolean; nameOf: () => string },
): SymbolicTensor {
  for (const [position, channels] of widths.entries())
    x = block(x, nameOf(), { channels, stride: halving && position === 0 ? 2 : 1 });
  return x;
}

/** `prelu(shortcut(x) + pointwise(depthwise(x)))`; the shortcut is pooled and padded with zero channels to fit. */
function block(
  x: SymbolicTensor,
  name: string,
  { channels, stride }: { channels: number; stride: 1 | 2 },
): SymbolicTensor {
  return activated(separable(x, name, { channels, stride, shortcut: x }), name);
}

function activated(x: SymbolicTensor, name: string): SymbolicTensor {
  return new Prelu({ name: `${name}.activation` }).apply(x) as SymbolicTensor;
}
