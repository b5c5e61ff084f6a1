import { gather, type Tensor2D, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import type { DenseLayer } from "./dense-layer.js";
import { DenseVariables, initialLayers } from "./dense-variables.js";
import type { TrainedParameter, TrainedPart } from "./trained-part.js";

/** One or two dense layers over features that don't change, with a ReLU between. */
export class FeatureHead implements TrainedPart {
  private readonly features: Tensor2D;
  private readonly dense: DenseVariables;

  /**
   * Called with the engine's turn.
   *
   * @param features `[examples, width]`
   * @param sizes width, units of the hidden layer where there is one, classes
   */
  constructor(features: Float32Array, sizes: readonly number[], seed: number) {
    this.features = tensor2d(features, [features.length / sizes[0]!, sizes[0]!]);
    this.dense = new DenseVariables(initialLayers(sizes, seed));
  }

  get parameters(): readonly TrainedParameter[] {
    return this.dense.parameters;
  }

  logits(rows: Int32Array): Tensor2D {
    return this.dense.apply(gather(this.features, tensor1d(rows, "int32")));
  }

  /** The layers as they are now. */
  layers(): Promise<DenseLayer[]> {
    return this.dense.layers();
  }

  dispose(): void {
    this.features.dispose();
    this.dense.dispose();
  }
}
