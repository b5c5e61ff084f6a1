import { mul, neg, relu, serialization, sub, type Tensor } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

/**
 * Keeps what is positive and scales what is negative by a learned slope for each channel, as PyTorch's `PReLU`.
 * `[batch, ..., channels]` → the same
 *
 * TF.js's own `prelu` layer has a slope of the input's axes, `[1, 1, channels]`, and a kernel in plain JavaScript only.
 */
export class Prelu extends Operation {
  static readonly className = "VitrailPrelu";

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    return { slope: [input!.at(-1)!] };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return input!;
  }

  protected compute([x]: Tensor[]): Tensor {
    // One of the terms is always zero, so nothing is rounded that `slope * x` alone would not round.
    return sub(relu(x!), mul(relu(neg(x!)), this.weight("slope")));
  }
}
serialization.registerClass(Prelu);
