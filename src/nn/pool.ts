import { mean, reshape, serialization, slice, type Tensor } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

export interface PoolConfig {
  name?: string;
  /** `"class"`: the first token. `"mean"`: the average of the patches, the class token left out. */
  over: "class" | "mean";
}

/** One vector for a picture. `[batch, 1 + patches, width]` → `[batch, width]` */
export class Pool extends Operation {
  static readonly className = "VitrailPool";

  constructor(private readonly config: PoolConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, , width] = input as [number, number, number];
    return [batch, width];
  }

  protected compute([x]: Tensor[]): Tensor {
    const [batch, tokens, width] = x!.shape as [number, number, number];
    if (this.config.over === "class") return reshape(slice(x!, [0, 0, 0], [batch, 1, width]), [batch, width]);
    return mean(slice(x!, [0, 1, 0], [batch, tokens - 1, width]), 1);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(Pool);
