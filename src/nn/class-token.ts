import { concat, serialization, type Tensor, type Tensor3D, tile } from "@tensorflow/tfjs-core";
import { Operation } from "./operation.js";

/** Puts the learned class token before the patches. `[batch, patches, width]` → `[batch, 1 + patches, width]` */
export class ClassToken extends Operation {
  static readonly className = "VitrailClassToken";

  protected override weightShapes([input]: number[][]): Record<string, number[]> {
    return { value: [1, 1, input!.at(-1)!] };
  }

  protected outputShapeFor([input]: number[][]): number[] {
    const [batch, patches, width] = input as [number, number, number];
    return [batch, 1 + patches, width];
  }

  protected compute([patches]: Tensor[]): Tensor {
    const token = tile(this.weight("value") as Tensor3D, [patches!.shape[0]!, 1, 1]);
    return concat([token, patches as Tensor3D], 1);
  }
}
serialization.registerClass(ClassToken);
