import type { SeededModel } from "./seeded-weights.js";

/** One model against its reference. */
export type ConformanceCase = {
  /** Names the case in reports. */
  name: string;
  /** What it is there to show. */
  shows: string;
  /** Of `conformance/goldens`. */
  golden: string;
} & (
  | {
      /** A committed model of `conformance/models`; every tensor whole, pictures of several sizes, and a batch. */
      kind: "tiny";
      model: string;
      /** Run at another size than the model's own, with resampled positions. In pixels. */
      size?: { height: number; width: number };
    }
  /** Full size, weights from the portable generator; references at seeded positions. */
  | { kind: "seeded"; model: SeededModel }
  /** Real weights on photographs, from the encoded file on. */
  | { kind: "photographs"; model: "vit-small-patch14" }
);

const tiny = (model: string, shows: string, golden = model): ConformanceCase => ({
  kind: "tiny",
  name: model,
  model,
  golden,
  shows,
});

const resized = (model: string, height: number, width: number): ConformanceCase => ({
  kind: "tiny",
  name: `${model}@${height}x${width}`,
  model,
  golden: `${model}@${height}x${width}`,
  size: { height, width },
  shows: `positions resampled to ${height} x ${width} pixels`,
});

export const TINY_CASES: readonly ConformanceCase[] = [
  tiny("vit", "transformers' ViTForImageClassification, epsilon 1e-12"),
  resized("vit", 48, 32),
  resized("vit", 48, 48),
  tiny("vit-bare", "ViTModel: no prefix, no pooler, epsilon 1e-6, bicubic"),
  resized("vit-bare", 24, 40),
  tiny("vit-pooler", "ViTModel with its pooler"),
  tiny("vit-deep", "twelve blocks: 10 is stored before 2"),
  tiny("vit-memory-names", "transformers 5's names in memory", "vit"),
  tiny("vit-sharded", "several files and an index", "vit"),
  tiny("vit-f16", "float16 weights"),
  tiny("vit-bf16", "bfloat16 weights"),
  tiny("vit-no-qkv-bias", "projections without bias"),
  tiny("vit-gelu-new", "GELU by tanh, as gelu_new"),
  tiny("vit-gelu-tanh", "GELU by tanh, as gelu_pytorch_tanh"),
  tiny("vit-quick-gelu", "GELU by the logistic function"),
  tiny("vit-relu", "ReLU"),
  tiny("vit-small-embeddings", "hidden states of 1e-6, where epsilon rules"),
  tiny("vit-old-processor", "an old preprocessor config with one number as its size"),
  tiny("eva-base", "EVA-02 as timm exports it: separate projections, SwiGLU with its norm"),
  resized("eva-base", 48, 48),
  resized("eva-base", 24, 40),
  tiny("eva-tiny", "EVA-02 tiny: fused projections, packed SwiGLU without a norm"),
  tiny("eva-wrapper", "transformers 5's wrapper: prefix, four heads, center crop of 0.9"),
  tiny("eva-wrapper-4", "transformers 4's wrapper", "eva-base"),
  tiny("eva-original-names", "the names of EVA's own code", "eva-base"),
  tiny("eva-token-pool", "EVA-02 that reads the class token; bilinear center crop"),
  tiny("timm-vit", "timm's ViT: fused projections with bias"),
  tiny("trained-vit", "an encoder with a head that vitrail trained, as it was saved"),
  tiny("trained-eva", "timm's EVA-02 with a head that vitrail trained"),
  tiny("tuned-vit", "float16 weights with a block in float32 that vitrail trained with the head"),
  tiny("tuned-eva", "EVA-02 with LoRA that vitrail trained and merged"),
];

export const FULL_SIZE_CASES: readonly ConformanceCase[] = [
  {
    kind: "photographs",
    name: "vit-small-patch14",
    model: "vit-small-patch14",
    golden: "vit-small-patch14",
    shows: "ViT-S/14, real float16 weights, photographs from the file on",
  },
  {
    kind: "seeded",
    name: "vit-base",
    model: "vit-base",
    golden: "vit-base",
    shows: "ViT-B/16 at 224 pixels, seeded weights",
  },
  {
    kind: "seeded",
    name: "eva02-base",
    model: "eva02-base",
    golden: "eva02-base",
    shows: "EVA-02-B/14 at 448 pixels, seeded weights",
  },
];
