import { input } from "@tensorflow/tfjs-layers";
import { BOX_VALUES, type BoxGrid, type BoxModel, boxModel } from "./box-model.js";
import { convolution, separable } from "./convolutions.js";

/** What sets the single-shot detectors apart. Plain data. */
export interface BlazeFaceConfig {
  /** Side of the square input, pixels. */
  readonly size: number;
  /** Output channels of the stem, which halves the picture. */
  readonly stem: number;
  /** Output channels of each block, stage by stage. The first block of every stage but the first halves the feature map. */
  readonly stages: readonly (readonly number[])[];
  /** Whether the last block adds its input, as all others do. */
  readonly lastBlock: "residual" | "plain";
  /** The ends of the last stages, finest first. */
  readonly grids: readonly BoxGrid[];
}

/** MediaPipe's short range model ("front"): faces within two meters. */
export const SHORT_RANGE: BlazeFaceConfig = {
  size: 128,
  stem: 24,
  stages: [
    [24, 28],
    [32, 36, 42],
    [48, 56, 64, 72, 80, 88],
    [96, 96, 96, 96, 96],
  ],
  lastBlock: "residual",
  grids: [
    { stride: 8, boxesPerCell: 2 },
    { stride: 16, boxesPerCell: 6 },
  ],
};

/** MediaPipe's model for the camera at the back of a phone: smaller faces. */
export const BACK_CAMERA: BlazeFaceConfig = {
  size: 256,
  stem: 24,
  stages: [
    [24, 24, 24, 24, 24, 24, 24],
    [24, 24, 24, 24, 24, 24, 24, 24],
    [48, 48, 48, 48, 48, 48, 48, 48],
    [96, 96, 96, 96, 96, 96, 96, 96],
    [96],
  ],
  lastBlock: "plain",
  grids: [
    { stride: 16, boxesPerCell: 2 },
    { stride: 32, boxesPerCell: 6 },
  ],
};

/** Builds a BlazeFace single-shot detector. A layer's name is its checkpoint prefix. */
export function blazeFace(c: BlazeFaceConfig): BoxModel {
  const pixels = input({ shape: [c.size, c.size, 3] });
  let x = convolution(pixels, "backbone.stem", { channels: c.stem, kernel: 5, stride: 2, activation: "relu" });
  let index = 0;
  const stageEnds = c.stages.map((widths, stage) => {
    for (const [position, channels] of widths.entries()) {
      const last = stage === c.stages.length - 1 && position === widths.length - 1;
      const stride = stage > 0 && position === 0 ? 2 : 1;
      const shortcut = last && c.lastBlock === "plain" ? undefined : x;
      x = separable(x, `backbone.blocks.${index++}`, { channels, stride, shortcut, activation: "relu" });
    }
    return x;
  });
  const features = stageEnds.slice(-c.grids.length);
  const read = (name: string, values: number) =>
    c.grids.map(({ stride, boxesPerCell }, scale) =>
      convolution(features[scale]!, `head.${name}_${stride}`, { channels: boxesPerCell * values }),
    );
  return boxModel(pixels, { classifiers: read("classifier", 1), regressors: read("regressor", BOX_VALUES) });
}
