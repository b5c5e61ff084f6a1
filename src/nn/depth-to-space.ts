import { depthToSpace, serialization, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

export interface DepthToSpaceConfig {
  name?: string;
  /** Side of the block of pixels that one pixel's channels become. */
  block: number;
}

/** Spreads channels over space, in reading order. `[batch, height, width, block² * channels]` → `[batch, block * height, block * width, channels]` */
export class DepthToSpace extends Operation {
  static readonly className = "VitrailDepthToSpace";

  constructor(private readonly config: DepthToSpaceConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const { block } = this.config;
    const [batch, height, width, channels] = input as [number, number, number, number];
    return [batch, height * block, width * block, channels / block ** 2];
  }

  protected compute([x]: Tensor[]): Tensor {
    return depthToSpace(x as Tensor4D, this.config.block);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(DepthToSpace);
