import { concat, serialization, type Tensor, zeros } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

export interface ZeroBorderConfig {
  name?: string;
  /** Pixels on each of the four sides. */
  border: number;
}

/**
 * Frames a feature map with zeros. `[batch, height, width, channels]` → `[batch, border + height + border, border + width + border, channels]`
 *
 * By joining tensors, which takes a tenth of the time of `zeroPadding2d` and its `pad` on TF.js's CPU backend.
 */
export class ZeroBorder extends Operation {
  static readonly className = "VitrailZeroBorder";

  constructor(private readonly config: ZeroBorderConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, height, width, channels] = input as [number, number, number, number];
    return [batch, height + 2 * this.config.border, width + 2 * this.config.border, channels];
  }

  protected compute([x]: Tensor[]): Tensor {
    const { border } = this.config;
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const rows = zeros([batch, border, width, channels]);
    const columns = zeros([batch, height + 2 * border, border, channels]);
    return concat([columns, concat([rows, x!, rows], 1), columns], 2);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(ZeroBorder);
