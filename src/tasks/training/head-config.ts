import type { Head } from "./head.js";

type Config = Record<string, unknown>;

/** Names, without the prefix of the whole model, that a classifier of Hugging Face's does not have; and its old classifier. */
const NOT_KEPT = /^(classifier|pooler)\.|^embeddings\.mask_token$/;
const TIMM_HEAD = /^(timm_model\.)?head\./;

/** The name under which a tensor of the backbone is saved; undefined for one that is not. */
export function nameOfTensor(name: string, config: Config): string | undefined {
  if (typeof config.architecture === "string") return TIMM_HEAD.test(name) ? undefined : name;
  const own = name.replace(/^vit\./, "");
  return NOT_KEPT.test(own) ? undefined : `vit.${own}`;
}

/** A model's `config.json` with another head. */
export function headConfig(config: Config, head: Head): Config {
  const { labels, problem, temperature, thresholds } = head;
  const shared = {
    problem_type: problem === "multi-label" ? "multi_label_classification" : "single_label_classification",
    vitrail: { temperature, ...(thresholds && { thresholds }) },
  };
  const hidden = head.layers.length > 1 ? head.layers[0]!.bias.length : undefined;
  return typeof config.architecture === "string"
    ? { ...timmConfig(config, labels, hidden), ...shared }
    : { ...viTConfig(config, labels, hidden), ...shared };
}

function viTConfig(
  { num_labels: _, ...config }: Config,
  labels: readonly string[],
  hidden: number | undefined,
): Config {
  return {
    ...config,
    architectures: [hidden === undefined ? "ViTForImageClassification" : "VitrailViTWithHiddenHead"],
    // Another type than "vit", so that Python refuses it instead of making up a classifier.
    model_type: hidden === undefined ? "vit" : "vitrail_vit",
    ...(hidden !== undefined && { head_hidden_size: hidden }),
    // A head of float32 must not be rounded because the backbone is stored as less.
    dtype: "float32",
    ...("torch_dtype" in config && { torch_dtype: "float32" }),
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}

function timmConfig(
  { id2label: _, label2id: __, label_descriptions: ___, ...config }: Config,
  labels: readonly string[],
  hidden: number | undefined,
): Config {
  const { label_names: _names, label_descriptions: _texts, ...pretrained } = (config.pretrained_cfg ?? {}) as Config;
  const { num_classes: _classes, ...args } = (config.model_args ?? {}) as Config;
  const plain = String(config.architecture).replace(/^vitrail\//, "");
  return {
    ...config,
    architecture: hidden === undefined ? plain : `vitrail/${plain}`,
    ...(hidden !== undefined && { head_hidden_size: hidden }),
    num_classes: labels.length,
    label_names: labels,
    ...(Object.keys(args).length > 0 ? { model_args: args } : { model_args: undefined }),
    pretrained_cfg: { ...pretrained, num_classes: labels.length },
  };
}

/** Beside a head that no Python library has a class for. */
export const PYTHON_NOTE = `# A head with a hidden layer

Made by vitrail; \`loadModel\` of vitrail reads this folder. Hugging Face and timm have no class for a head of two layers. In Python, take the backbone's output
(after the final norm: the class token of ViT, or timm's \`forward_head(..., pre_logits=True)\`) and go on by hand:

\`\`\`python
from safetensors.torch import load_file
from torch.nn.functional import linear, relu

weights = load_file("model.safetensors")
head = next(name for name in ("classifier", "head", "timm_model.head") if f"{name}.weight" in weights)
hidden = relu(linear(features, weights[f"{head}.hidden.weight"], weights[f"{head}.hidden.bias"]))
logits = linear(hidden, weights[f"{head}.weight"], weights[f"{head}.bias"])
\`\`\`
`;
