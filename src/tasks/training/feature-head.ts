import {
  add,
  gather,
  matMul,
  relu,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
  type Variable,
  variable,
} from "@tensorflow/tfjs-core";
import { random } from "../random.js";
import type { DenseLayer } from "./dense-layer.js";
import type { TrainedParameter, TrainedPart } from "./trained-part.js";

/** One or two dense layers over features that don't change, with a ReLU between. */
export class FeatureHead implements TrainedPart {
  readonly parameters: readonly TrainedParameter[];
  private readonly features: Tensor2D;

  /**
   * Called with the engine's turn.
   *
   * @param features `[examples, width]`
   * @param sizes width, units of the hidden layer where there is one, classes
   */
  constructor(
    features: Float32Array,
    private readonly sizes: readonly number[],
    seed: number,
  ) {
    this.features = tensor2d(features, [features.length / sizes[0]!, sizes[0]!]);
    const draw = random(seed);
    this.parameters = sizes.slice(1).flatMap((outputs, depth): TrainedParameter[] => {
      const inputs = sizes[depth]!;
      // As PyTorch begins a Linear layer. A single one may as well begin at 0: its loss has one valley.
      const bound = sizes.length > 2 ? 1 / Math.sqrt(inputs) : 0;
      const uniform = (length: number) => Float32Array.from({ length }, () => bound * (2 * draw() - 1));
      return [
        parameter(`${depth}.weight`, uniform(inputs * outputs), [inputs, outputs], "weights"),
        parameter(`${depth}.bias`, uniform(outputs), [outputs], "none"),
      ];
    });
  }

  logits(rows: Int32Array): Tensor2D {
    let x: Tensor2D = gather(this.features, tensor1d(rows, "int32"));
    for (let i = 0; i < this.parameters.length; i += 2) {
      const [weight, bias] = [this.parameters[i]!.variable, this.parameters[i + 1]!.variable];
      x = add(matMul(i === 0 ? x : relu(x), weight as Variable as unknown as Tensor2D), bias);
    }
    return x;
  }

  /** The layers as they are now. */
  async layers(): Promise<DenseLayer[]> {
    const values = await Promise.all(this.parameters.map(({ variable }) => variable.data() as Promise<Float32Array>));
    return this.sizes.slice(1).map((outputs, depth) => ({
      weight: transposed(values[2 * depth]!, this.sizes[depth]!, outputs),
      bias: values[2 * depth + 1]!.slice(),
    }));
  }

  dispose(): void {
    this.features.dispose();
    for (const { variable } of this.parameters) variable.dispose();
  }
}

function parameter(name: string, values: Float32Array, shape: number[], decay: "weights" | "none"): TrainedParameter {
  const initial = tensor(values, shape);
  const made = variable(initial);
  initial.dispose();
  return { name, variable: made, decay };
}

/** `[rows, columns]` → `[columns, rows]` */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}
