import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { unsetTensor } from "../ops/unset-tensor.js";

type LayerConfig = ConstructorParameters<typeof layers.Layer>[0];
type ShapeOrShapes = Parameters<layers.Layer["computeOutputShape"]>[0];
type LayerVariable = ReturnType<layers.Layer["addWeight"]>;

/** Zeros without memory, since loading overwrites them: the usual random initializers would draw 86 million numbers first. */
const UNSET = { apply: unsetTensor } as unknown as Parameters<layers.Layer["addWeight"]>[3];

/**
 * What every layer of ours is: a TF.js layer that says which weights it owns, which shape it gives and what it computes.
 * Shapes carry `null` where the batch size is not known yet.
 */
export abstract class Operation extends layers.Layer {
  private readonly owned = new Map<string, LayerVariable>();

  constructor(config: LayerConfig = {}) {
    super(config);
  }

  /** Shapes of the learned tensors, by name, for inputs of the given shapes. */
  protected weightShapes(_inputs: number[][]): Record<string, number[]> {
    return {};
  }

  /** Shape of the output for inputs of the given shapes. */
  protected abstract outputShapeFor(inputs: number[][]): number[];

  /** The output; intermediate tensors are cleaned up around it. */
  protected abstract compute(inputs: Tensor[]): Tensor;

  /** A learned tensor of this layer. */
  protected weight(name: string): Tensor {
    return this.owned.get(name)!.read();
  }

  override build(inputShape: ShapeOrShapes): void {
    for (const [name, shape] of Object.entries(this.weightShapes(listOfShapes(inputShape))))
      this.owned.set(name, this.addWeight(name, shape, "float32", UNSET));
    this.built = true;
  }

  override computeOutputShape(inputShape: ShapeOrShapes): number[] {
    return this.outputShapeFor(listOfShapes(inputShape));
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => this.compute(Array.isArray(inputs) ? inputs : [inputs]));
  }
}

function listOfShapes(shape: ShapeOrShapes): number[][] {
  return (Array.isArray(shape[0]) ? shape : [shape]) as number[][];
}
