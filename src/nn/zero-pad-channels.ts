import { pad, serialization, type Tensor } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

export interface ZeroPadChannelsConfig {
  name?: string;
  /** Channels of the output; at least those of the input. */
  channels: number;
}

/** Adds channels of zeros after the existing ones. `[batch, height, width, in]` → `[batch, height, width, channels]` */
export class ZeroPadChannels extends Operation {
  static readonly className = "VitrailZeroPadChannels";

  constructor(private readonly config: ZeroPadChannelsConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return [...input!.slice(0, -1), this.config.channels];
  }

  protected compute([x]: Tensor[]): Tensor {
    const added = this.config.channels - x!.shape.at(-1)!;
    return pad(x!, [[0, 0], [0, 0], [0, 0], [0, added]]); // biome-ignore format: one axis after another
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(ZeroPadChannels);
