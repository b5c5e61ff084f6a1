import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { layerNorm } from "../ops/layer-norm.js";
import { Operation } from "./operation.js";

export interface LayerNormConfig {
  name?: string;
  /** Added to the variance: 1e-12 in Hugging Face's ViT, 1e-6 in timm's ViT and EVA-02. */
  epsilon: number;
}

/** Normalizes the last axis, then scales and shifts. `[batch, ..., width]` → the same */
export class LayerNorm extends Operation {
  static readonly className = "VitrailLayerNorm";

  constructor(private readonly config: LayerNormConfig) {
    super(config);
  }

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    const width = input!.at(-1)!;
    return { gamma: [width], beta: [width] };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return input!;
  }

  protected compute([x]: Tensor[]): Tensor {
    return layerNorm(x!, this.weight("gamma"), this.weight("beta"), this.config.epsilon);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(LayerNorm);
