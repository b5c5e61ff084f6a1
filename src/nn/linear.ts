import { add, serialization, type Tensor } from "@tensorflow/tfjs-core";
import type { Activation } from "../ops/activation.js";
import { linear } from "../ops/linear.js";
import { adapted, type LowRankAdapter } from "./low-rank-adapter.js";
import { Operation } from "./operation.js";

export interface LinearConfig {
  name?: string;
  /** Width of the output. */
  units: number;
  /** Default `"learned"`. */
  bias?: "learned" | "none";
  activation?: Activation;
}

/**
 * `activation(x W + bias)` on the last axis, plus an optional second input as residual.
 * `[batch, ..., in]` (and `[batch, ..., units]`) → `[batch, ..., units]`
 */
export class Linear extends Operation {
  static readonly className = "VitrailLinear";

  /** Added to the product while it is trained; its owner's to dispose. For layers without an activation. */
  adapter: LowRankAdapter | undefined;

  constructor(private readonly config: LinearConfig) {
    super(config);
  }

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    const { units, bias = "learned" } = this.config;
    return { kernel: [input!.at(-1)!, units], ...(bias === "learned" && { bias: [units] }) };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return [...input!.slice(0, -1), this.config.units];
  }

  protected compute([x, given]: Tensor[]): Tensor {
    const extra = this.adapter && adapted(x!, this.adapter);
    const residual = given && extra ? add(given, extra) : (given ?? extra);
    const bias = this.config.bias === "none" ? undefined : this.weight("bias");
    return linear(x!, this.weight("kernel"), { bias, activation: this.config.activation, residual });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(Linear);
