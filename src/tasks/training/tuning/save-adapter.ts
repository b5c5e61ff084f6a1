import { dirname, join } from "node:path";
import { TrainingError } from "../../../errors.js";
import { readJsonFile } from "../../../io/json-file.js";
import { makeFolder } from "../../../io/make-folder.js";
import { openCheckpoint } from "../../../io/open-checkpoint.js";
import { replaceFile } from "../../../io/replace-file.js";
import type { TensorToWrite } from "../../../io/write-safetensors.js";
import { writeSafetensorsFile } from "../../../io/write-safetensors-file.js";
import type { DenseLayer } from "../dense-layer.js";
import type { TunedModel } from "./tuned-model.js";

/** Where PEFT finds a projection: in transformers 5's ViT, and in timm's EVA-02. */
const SPELLINGS = {
  transformers: {
    blocks: "vit.layers",
    attention: "attention",
    output: "o_proj",
    head: "classifier",
    pattern: "layers",
  },
  timm: { blocks: "blocks", attention: "attn", output: "proj", head: "head", pattern: "blocks" },
} as const;

/**
 * Writes LoRA's matrices and the classifier as PEFT does: `adapter_config.json` and `adapter_model.safetensors`, for `PeftModel.from_pretrained` over the model
 * that was trained, with as many labels.
 *
 * @throws TrainingError `training/no-adapter` where none was trained, where the head has a hidden layer, or where the model's file has the projections as one
 */
export async function saveAdapter(
  tuned: TunedModel | undefined,
  layers: readonly DenseLayer[],
  folder: string,
): Promise<void> {
  if (!tuned?.adapters) throw refused('No adapter was trained. Train with "lora", or save the whole head.');
  if (layers.length > 1) throw refused("PEFT has no head with a hidden layer. Save the whole head instead.");
  const { files } = tuned.original;
  await using checkpoint = await openCheckpoint(files.length === 1 ? files[0]! : dirname(files[0]!));
  if ([...checkpoint.tensors.keys()].some((name) => name.includes(".qkv.")))
    throw refused(
      "The model has queries, keys and values in one layer, which PEFT can't part. Save the whole head instead.",
    );
  const source = dirname(files[0]!);
  const isTimm = typeof (await readJsonFile(join(source, "config.json"))).architecture === "string";
  const spelling = SPELLINGS[isTimm ? "timm" : "transformers"];
  const { settings, first, matrices } = tuned.adapters;
  const moduleOf = (layer: string) =>
    layer
      .split(".")
      .at(-1)!
      .replace(/^proj$/, spelling.output);
  const nameOf = (layer: string) =>
    `base_model.model.${spelling.blocks}.${layer.split(".")[1]}.${spelling.attention}.${moduleOf(layer)}`;
  const { weight, bias } = layers[0]!;
  const head = `base_model.model.${spelling.head}`;
  const tensors: [string, TensorToWrite][] = [
    ...matrices.flatMap(({ layer, down, up }): [string, TensorToWrite][] => [
      [`${nameOf(layer)}.lora_A.weight`, float32(down.values, down.shape)],
      [`${nameOf(layer)}.lora_B.weight`, float32(up.values, up.shape)],
    ]),
    [`${head}.weight`, float32(weight, [bias.length, weight.length / bias.length])],
    [`${head}.bias`, float32(bias, [bias.length])],
  ];
  const { depth } = tuned.model.config.architecture;
  const config = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: null,
    inference_mode: true,
    r: settings.rank,
    lora_alpha: settings.alpha,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    init_lora_weights: true,
    target_modules: [...new Set(matrices.map(({ layer }) => moduleOf(layer)))],
    modules_to_save: [spelling.head],
    ...(first > 0 && {
      layers_to_transform: Array.from({ length: depth - first }, (_, i) => first + i),
      layers_pattern: spelling.pattern,
    }),
  };
  await makeFolder(folder);
  await writeSafetensorsFile(join(folder, "adapter_model.safetensors"), tensors, { format: "pt" });
  const text = new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
  await replaceFile(join(folder, "adapter_config.json"), (append) => append(text));
}

function float32(values: Float32Array, shape: readonly number[]): TensorToWrite {
  return {
    dtype: "F32",
    shape: [...shape],
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function refused(message: string): TrainingError {
  return new TrainingError("training/no-adapter", message);
}
