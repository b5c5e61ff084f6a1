import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { zeroBorder } from "../ops/zero-border.js";
import { Operation } from "./operation.js";

export interface ZeroBorderConfig {
  name?: string;
  /** Pixels on each of the four sides. */
  border: number;
}

/** Frames a feature map with zeros. `[batch, height, width, channels]` → `[batch, border + height + border, border + width + border, channels]` */
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
    return zeroBorder(x!, this.config.border);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(ZeroBorder);
