import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { swiglu } from "../ops/swiglu.js";
import { Operation } from "./operation.js";

/** `silu(gate) * value`; two inputs `[batch, tokens, hidden]` → `[batch, tokens, hidden]` */
export class Swiglu extends Operation {
  static readonly className = "VitrailSwiglu";

  protected outputShapeFor([gate]: number[][]): number[] {
    return gate!;
  }

  protected compute([gate, value]: Tensor[]): Tensor {
    return swiglu(gate!, value!);
  }
}
serialization.registerClass(Swiglu);
