import { add, serialization, type Tensor } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

/** Adds a learned vector to every token. `[batch, tokens, width]` → the same */
export class PositionEmbedding extends Operation {
  static readonly className = "VitrailPositionEmbedding";

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    const [, tokens, width] = input as [number, number, number];
    return { value: [1, tokens, width] };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return input!;
  }

  protected compute([tokens]: Tensor[]): Tensor {
    return add(tokens!, this.weight("value"));
  }
}
serialization.registerClass(PositionEmbedding);
