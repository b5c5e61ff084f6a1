import { add, matMul, relu, type Tensor2D, tensor, type Variable, variable } from "@tensorflow/tfjs-core";
import { random } from "../random.js";
import type { DenseLayer } from "./dense-layer.js";
import type { TrainedParameter } from "./trained-part.js";

/** Dense layers that are trained, with a ReLU between them. Made and used with the engine's turn. */
export class DenseVariables {
  readonly parameters: readonly TrainedParameter[];
  private readonly sizes: readonly number[];

  /** @param layers as PyTorch keeps them; copied */
  constructor(layers: readonly DenseLayer[]) {
    const first = layers[0]!;
    this.sizes = [first.weight.length / first.bias.length, ...layers.map(({ bias }) => bias.length)];
    this.parameters = layers.flatMap(({ weight, bias }, depth): TrainedParameter[] => {
      const [inputs, outputs] = [this.sizes[depth]!, this.sizes[depth + 1]!];
      return [
        parameter(`${depth}.weight`, transposed(weight, outputs, inputs), [inputs, outputs], "weights"),
        parameter(`${depth}.bias`, bias.slice(), [outputs], "none"),
      ];
    });
  }

  /** x `[examples, width]` → `[examples, classes]` */
  apply(x: Tensor2D): Tensor2D {
    let answer = x;
    for (let i = 0; i < this.parameters.length; i += 2) {
      const [weight, bias] = [this.parameters[i]!.variable, this.parameters[i + 1]!.variable];
      answer = add(matMul(i === 0 ? answer : relu(answer), weight as Variable as unknown as Tensor2D), bias);
    }
    return answer;
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
    for (const { variable } of this.parameters) variable.dispose();
  }
}

/**
 * Layers as PyTorch begins its Linear. A single one may as well begin at 0: its loss has one valley.
 *
 * @param sizes width, units of the hidden layer where there is one, classes
 */
export function initialLayers(sizes: readonly number[], seed: number): DenseLayer[] {
  const draw = random(seed);
  return sizes.slice(1).map((outputs, depth) => {
    const inputs = sizes[depth]!;
    const bound = sizes.length > 2 ? 1 / Math.sqrt(inputs) : 0;
    const uniform = (length: number) => Float32Array.from({ length }, () => bound * (2 * draw() - 1));
    return { weight: transposed(uniform(inputs * outputs), inputs, outputs), bias: uniform(outputs) };
  });
}

/** A variable for training. shape as TF.js has it */
export function parameter(
  name: string,
  values: Float32Array,
  shape: number[],
  decay: TrainedParameter["decay"],
): TrainedParameter {
  const initial = tensor(values, shape);
  const made = variable(initial);
  initial.dispose();
  return { name, variable: made, decay };
}

/** `[rows, columns]` → `[columns, rows]` */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}
