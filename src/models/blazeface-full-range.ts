import { input, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { BilinearUpsampling } from "../nn/bilinear-upsampling.js";
import { DepthToSpace } from "../nn/depth-to-space.js";
import { BOX_VALUES, type BoxGrid, type BoxModel, boxModel } from "./box-model.js";
import { add, convolution, depthwise, separable } from "./convolutions.js";

/** Blocks of equal width at one resolution. */
export interface Stage {
  readonly channels: number;
  /** Channels between the two halves of each block. */
  readonly bottleneck: number;
  readonly blocks: number;
}

/** What the full range detector consists of. Plain data. */
export interface FullRangeConfig {
  /** Side of the square input, pixels. */
  readonly size: number;
  /** Output channels of the stem, which halves the picture. */
  readonly stem: number;
  /** The first block of every stage but the first halves the feature map. */
  readonly stages: readonly Stage[];
  /** From the coarsest stage up, each level twice the side of the one before. */
  readonly pyramid: readonly Stage[];
  readonly grids: readonly [BoxGrid];
}

/** MediaPipe's full range model, the sparse one that its graphs run: faces within five meters. */
export const FULL_RANGE: FullRangeConfig = {
  size: 192,
  stem: 32,
  stages: [
    { channels: 32, bottleneck: 8, blocks: 2 },
    { channels: 64, bottleneck: 16, blocks: 3 },
    { channels: 128, bottleneck: 32, blocks: 3 },
    { channels: 192, bottleneck: 48, blocks: 3 },
    { channels: 384, bottleneck: 96, blocks: 4 },
  ],
  pyramid: [
    { channels: 96, bottleneck: 48, blocks: 2 },
    { channels: 64, bottleneck: 32, blocks: 2 },
    { channels: 48, bottleneck: 24, blocks: 1 },
  ],
  grids: [{ stride: 4, boxesPerCell: 1 }],
};

/**
 * Builds the full range detector: a backbone of bottleneck blocks, and a pyramid back up to a fine grid. A layer's name is its
 * checkpoint prefix.
 */
export function blazeFaceFullRange(c: FullRangeConfig): BoxModel {
  const pixels = input({ shape: [c.size, c.size, 3] });
  let x = convolution(pixels, "backbone.stem", {
    channels: c.stem,
    kernel: 3,
    stride: 2,
    padding: "even",
    activation: "relu",
  });
  let index = 0;
  const stageEnds = c.stages.map((stage, level) => {
    for (let position = 0; position < stage.blocks; position++) {
      const name = `backbone.blocks.${index++}`;
      x = level > 0 && position === 0 ? halvingBlock(x, stage, name) : residualBlock(x, stage, name);
    }
    return x;
  });
  for (const [level, stage] of c.pyramid.entries()) {
    const name = `pyramid.${level}`;
    const beside = stageEnds.at(-2 - level)!;
    const above = convolution(x, `${name}.above`, { channels: stage.channels, activation: "relu" });
    const lateral = convolution(beside, `${name}.lateral`, { channels: stage.channels, activation: "relu" });
    x = add(lateral, new BilinearUpsampling({ factor: 2 }).apply(above) as SymbolicTensor);
    for (let position = 0; position < stage.blocks; position++)
      x = residualBlock(x, stage, `${name}.blocks.${position}`);
  }
  const [{ stride, boxesPerCell }] = c.grids;
  const read = (name: string, values: number) => [head(x, `head.${name}_${stride}`, boxesPerCell * values)];
  return boxModel(pixels, { classifiers: read("classifier", 1), regressors: read("regressor", BOX_VALUES) });
}

/** `relu(x + expand(relu(reduce(x))))`, each half a depthwise and a pointwise convolution. */
function residualBlock(x: SymbolicTensor, stage: Stage, name: string): SymbolicTensor {
  return expanded(x, stage, { name, stride: 1, shortcut: x });
}

/** `relu(expand(relu(reduce(x))))` with half as many rows and columns. */
function halvingBlock(x: SymbolicTensor, stage: Stage, name: string): SymbolicTensor {
  return expanded(x, stage, { name, stride: 2 });
}

function expanded(
  x: SymbolicTensor,
  { channels, bottleneck }: Stage,
  { name, stride, shortcut }: { name: string; stride: 1 | 2; shortcut?: SymbolicTensor },
): SymbolicTensor {
  const shared = { padding: "even", activation: "relu" } as const;
  const reduced = separable(x, `${name}.reduce`, { channels: bottleneck, stride, ...shared });
  return separable(reduced, `${name}.expand`, { channels, shortcut, ...shared });
}

/** Reads each block of 2 x 2 cells from one place, then spreads it over the four. */
function head(x: SymbolicTensor, name: string, channels: number): SymbolicTensor {
  const wide = convolution(x, `${name}.pointwise`, { channels: channels * 4 });
  const halved = depthwise(wide, `${name}.depthwise`, { stride: 2, padding: "even" });
  return new DepthToSpace({ block: 2 }).apply(halved) as SymbolicTensor;
}
