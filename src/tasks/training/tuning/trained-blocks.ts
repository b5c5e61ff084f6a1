import type { Tensor2D, Variable } from "@tensorflow/tfjs-core";
import { parametersOf } from "../../../models/parameters.js";
import type { VisionTransformer } from "../../../models/vision-transformer.js";
import type { DenseVariables } from "../dense-variables.js";
import type { TrainedParameter, TrainedPart } from "../trained-part.js";
import type { BlockFeatures } from "./block-features.js";

/** A head and the blocks below it, trained together. Its parts are their owners' to dispose. */
export class TrainedBlocks implements TrainedPart {
  readonly parameters: readonly TrainedParameter[];

  constructor(
    private readonly features: BlockFeatures,
    private readonly head: DenseVariables,
    backbone: readonly TrainedParameter[],
    readonly rowsPerPass: number,
  ) {
    this.parameters = [...backbone, ...head.parameters];
  }

  logits(rows: Int32Array): Tensor2D {
    return this.head.apply(this.features.of(rows));
  }

  dispose(): void {}
}

const FINAL_NORM = /^(fc_)?norm\./;
const BLOCK = /^blocks\.(\d+)\./;

/** Parameters of the blocks from `first` on, and of the final norm, by their names in checkpoints of our spelling. */
export function blockParameters(
  { model }: VisionTransformer,
  { first, backboneLearningRate }: { first: number; backboneLearningRate: number },
): TrainedParameter[] {
  return parametersOf(model).flatMap(({ name, variable }): TrainedParameter[] => {
    const block = BLOCK.exec(name)?.[1];
    if (block === undefined ? !FINAL_NORM.test(name) : Number(block) < first) return [];
    // Biases and the norms' scales have one axis.
    const decay = variable.shape.length > 1 ? "weights" : "none";
    return [{ name, variable: variable.read() as Variable, decay, learningRate: backboneLearningRate }];
  });
}
