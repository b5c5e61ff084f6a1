import type { Tensor } from "@tensorflow/tfjs-core";
import { BACKEND_NAME } from "../../backend/vitrail-backend.js";
import { parametersOf } from "../../models/parameters.js";
import { type VisionTransformer, visionTransformer } from "../../models/vision-transformer.js";
import { ForwardPass } from "../forward-pass.js";
import { VisionModel } from "../vision-model.js";
import type { OpenModel } from "./both-models.js";
import { ATTENTION, type QuantizableLayer } from "./quantizable-layers.js";

/**
 * Models with some layers of the original and the others of its quantized copy. They share both models' weights, so that trying another mixture costs
 * no memory and no loading.
 */
export class LayerMixture implements AsyncDisposable {
  private readonly made = new Map<"int8" | "float32", OpenModel>();

  constructor(
    private readonly original: OpenModel,
    private readonly quantized: OpenModel,
    private readonly layers: readonly QuantizableLayer[],
    private readonly dtype: "int8" | "float16",
  ) {}

  /** A model in which these layers are the original's; until the next call. */
  async keeping(kept: ReadonlySet<string>): Promise<VisionModel> {
    const attention = this.dtype === "float16" || kept.has(ATTENTION) ? "float32" : "int8";
    const { model, transformer } = this.made.get(attention) ?? (await this.make(attention));
    const original = new Set(this.layers.filter(({ name }) => kept.has(name)).flatMap(({ layers }) => layers));
    await model.onEngine(() => {
      const [exact, rounded] = [weightsOf(this.original.transformer), weightsOf(this.quantized.transformer)];
      for (const { name, variable } of parametersOf(transformer.model)) {
        const isOriginal = original.has(name.replace(/\.weight$/, ""));
        variable.write((isOriginal ? exact : rounded).get(name)!);
      }
    });
    return model;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { model } of this.made.values()) await model.dispose();
  }

  private async make(attention: "int8" | "float32"): Promise<OpenModel> {
    const { config } = this.original.model;
    const transformer = await this.original.model.onEngine(() => visionTransformer(config.architecture, attention));
    const model = new VisionModel(config, new ForwardPass(transformer, BACKEND_NAME));
    const made = { transformer, model, [Symbol.asyncDispose]: () => model.dispose() };
    this.made.set(attention, made);
    return made;
  }
}

const weightsOf = ({ model }: VisionTransformer) =>
  new Map(parametersOf(model).map(({ name, variable }) => [name, variable.read() as Tensor]));
