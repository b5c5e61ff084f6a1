import { type Tensor, tidy, transpose } from "@tensorflow/tfjs-core";
import { AdaptedLayer } from "../../../models/adapted-layer.js";
import type { VisionTransformer } from "../../../models/vision-transformer.js";
import { random } from "../../random.js";
import { parameter } from "../dense-variables.js";
import type { TrainedParameter } from "../trained-part.js";
import type { LoraTarget, TuningSettings } from "./tuning-options.js";

/** PEFT's names in a Hugging Face ViT → our layers'. */
const LAYERS: Record<LoraTarget, string> = { query: "q_proj", key: "k_proj", value: "v_proj", output: "proj" };

/** One adapter as PEFT keeps it. */
export interface AdapterMatrices {
  /** Our name of the layer that it changes: "blocks.0.attn.q_proj". */
  layer: string;
  /** LoRA's A `[rank, in]` and B `[out, rank]`. */
  down: { values: Float32Array; shape: [number, number] };
  up: { values: Float32Array; shape: [number, number] };
}

/** Adapters beside the attentions' projections. Made and used with the engine's turn. */
export class LowRankAdapters {
  readonly parameters: readonly TrainedParameter[];
  private readonly adapted: readonly { layer: AdaptedLayer; down: TrainedParameter; up: TrainedParameter }[];
  private readonly scale: number;

  /** Begins as PEFT does: A uniform (`kaiming_uniform_(a=sqrt(5))`), B zero, so that at first nothing changes. */
  constructor(
    transformer: VisionTransformer,
    depth: number,
    {
      first,
      backboneLearningRate: learningRate,
      ...settings
    }: Pick<TuningSettings, "first" | "backboneLearningRate" | "lora">,
    seed: number,
  ) {
    const { rank, alpha, targets } = settings.lora!;
    this.scale = alpha / rank;
    const draw = random(seed);
    const blocks = Array.from({ length: depth - first }, (_, i) => first + i);
    const names = blocks.flatMap((block) => targets.map((target) => `blocks.${block}.attn.${LAYERS[target]}`));
    this.adapted = names.map((name) => {
      const layer = new AdaptedLayer(transformer, name);
      const [inputs, outputs] = layer.shape;
      const bound = 1 / Math.sqrt(inputs);
      const uniform = Float32Array.from({ length: inputs * rank }, () => bound * (2 * draw() - 1));
      const down = parameter(`${name}.lora_A`, uniform, [inputs, rank], "weights");
      const up = parameter(`${name}.lora_B`, new Float32Array(rank * outputs), [rank, outputs], "weights");
      layer.adapter = { down: down.variable, up: up.variable, scale: this.scale };
      return { layer, down, up };
    });
    this.parameters = this.adapted.flatMap(({ down, up }) => [down, up].map((one) => ({ ...one, learningRate })));
  }

  /** The layers that are changed. */
  get names(): string[] {
    return this.adapted.map(({ layer }) => layer.name);
  }

  /** The matrices as they are now. */
  async matrices(): Promise<AdapterMatrices[]> {
    const result: AdapterMatrices[] = [];
    for (const { layer, down, up } of this.adapted)
      result.push({ layer: layer.name, down: await transposed(down), up: await transposed(up) });
    return result;
  }

  /** Puts the changes into the layers' own weights and takes the adapters away. */
  merge(): void {
    for (const { layer, down, up } of this.adapted)
      layer.merge({ down: down.variable, up: up.variable, scale: this.scale });
    this.dispose();
  }

  /** Takes the adapters away. May be called again. */
  dispose(): void {
    for (const { layer } of this.adapted) layer.adapter = undefined;
    for (const { variable } of this.parameters) if (!variable.isDisposed) variable.dispose();
  }
}

async function transposed({ variable }: TrainedParameter): Promise<AdapterMatrices["down"]> {
  const turned: Tensor = tidy(() => transpose(variable as Tensor));
  const values = (await turned.data().finally(() => turned.dispose())) as Float32Array;
  return { values, shape: turned.shape as [number, number] };
}
