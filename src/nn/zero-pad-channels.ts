import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { zeroPadChannels } from "../ops/zero-pad-channels.js";
import { Operation } from "./operation.js";

export interface ZeroPadChannelsConfig {
  name?: string;
  /** Channels of the output; more than those of the input. */
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
    return zeroPadChannels(x!, this.config.channels);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(ZeroPadChannels);
