/** A weight by our name: where it stands in the file. */
export interface StoredWeight {
  /** In the file. */
  name: string;
  dtype: string;
  /** Of the part that is ours. */
  shape: readonly number[];
  /** Ours begins at this row of the stored tensor; 0 unless several of our weights are stored as one. */
  firstRow: number;
  /** Of a quantized weight: the tensor in the file with a scale for each row of the stored one. */
  scales?: string;
}

/** What a quantized weight's scales are called, behind its own name; as compressed-tensors calls them. */
export const SCALE_SUFFIX = "_scale";

interface Stored {
  dtype: string;
  shape: readonly number[];
}

type Rename = [from: RegExp, to: string];

/**
 * Other worlds' spellings → ours, tried in this order on every name. Ours is timm's with separate projections.
 * Sources: transformers 4 and 5 (`modeling_vit.py`), timm (`checkpoint_filter_fn` in `models/eva.py`), baaivision/EVA.
 */
const RENAMES: Rename[] = [
  [/^(timm_model|vit)\./, ""],
  // Hugging Face ViT; both the names on disk and transformers 5's names in memory
  [/^embeddings\.cls_token$/, "cls_token"],
  [/^embeddings\.position_embeddings$/, "pos_embed"],
  [/^embeddings\.patch_embeddings\.projection\./, "patch_embed.proj."],
  [/^(?:encoder\.layer|layers)\.(\d+)\./, "blocks.$1."],
  [/\.layernorm_before\./, ".norm1."],
  [/\.layernorm_after\./, ".norm2."],
  [/\.attention\.attention\.query\./, ".attn.q_proj."],
  [/\.attention\.attention\.key\./, ".attn.k_proj."],
  [/\.attention\.attention\.value\./, ".attn.v_proj."],
  [/\.attention\.([qkv])_proj\./, ".attn.$1_proj."],
  [/\.attention\.(?:output\.dense|o_proj)\./, ".attn.proj."],
  [/\.intermediate\.dense\./, ".mlp.fc1."],
  [/^(blocks\.\d+)\.output\.dense\./, "$1.mlp.fc2."],
  [/^layernorm\./, "norm."],
  [/^classifier\./, "head."],
  [/^pooler\.dense\./, "pooler."],
  // EVA as its authors spell it
  [/\.mlp\.ffn_ln\./, ".mlp.norm."],
  [/\.mlp\.w12\./, ".mlp.fc1."],
  [/\.mlp\.w1\./, ".mlp.fc1_g."],
  [/\.mlp\.w2\./, ".mlp.fc1_x."],
  [/\.mlp\.w3\./, ".mlp.fc2."],
  [/\.attn\.([qv])_bias$/, ".attn.$1_proj.bias"],
];

/** Several of our weights stored as one, in equal parts along the rows. */
const FUSED: [from: RegExp, parts: string[]][] = [
  [/\.attn\.qkv\./, [".attn.q_proj.", ".attn.k_proj.", ".attn.v_proj."]],
];
/** Only in gated MLPs: a plain one has a layer of this name too. */
const FUSED_GATED: typeof FUSED = [[/\.mlp\.fc1\./, [".mlp.fc1_g.", ".mlp.fc1_x."]]];

function rename(name: string): string {
  return RENAMES.reduce((current, [from, to]) => current.replace(from, to), name);
}

/** The shapes under our names, before fused tensors are taken apart: enough to see what a checkpoint has. */
export function renamedShapes(
  weights: ReadonlyMap<string, { shape: readonly number[] }>,
): Map<string, readonly number[]> {
  return new Map([...weights].map(([name, { shape }]) => [rename(name), shape]));
}

/** Every tensor of a checkpoint whose names are ours already. */
export function ownNames(tensors: ReadonlyMap<string, Stored>): Map<string, StoredWeight> {
  return new Map(
    [...tensors].map(([name, { dtype, shape }]) => [name, { name, dtype, shape: [...shape], firstRow: 0 }]),
  );
}

export interface TranslatedNames {
  weights: Map<string, StoredWeight>;
  /** Pairs of names in the file that mean the same weight. */
  duplicates: [string, string][];
}

/**
 * Every tensor of a checkpoint under our name. Names that no rule knows stay as they are.
 *
 * @param gated whether the model's MLP is a gated one, whose two halves may be stored as one
 * @param unused names, after renaming, that are left out
 */
export function translateNames(
  tensors: ReadonlyMap<string, Stored>,
  { gated, unused }: { gated: boolean; unused: RegExp },
): TranslatedNames {
  const weights = new Map<string, StoredWeight>();
  const duplicates: [string, string][] = [];
  const isPretraining = tensors.has("mask_token"); // EVA's masked pretraining norms the tokens where fine-tuning norms their mean
  const fused = gated ? [...FUSED, ...FUSED_GATED] : FUSED;
  const scales = scalesOf(tensors);
  for (const [stored, { dtype, shape }] of tensors) {
    if (scales.has(stored)) continue;
    const ownScales = scales.has(stored + SCALE_SUFFIX) ? { scales: stored + SCALE_SUFFIX } : {};
    let name = rename(stored);
    if (unused.test(name)) continue;
    if (isPretraining) name = name.replace(/^norm\./, "fc_norm.");
    for (const { name: ours, rows, firstRow } of parts(name, shape, fused)) {
      const other = weights.get(ours);
      if (other) duplicates.push([other.name, stored]);
      weights.set(ours, {
        name: stored,
        dtype,
        shape: rows === undefined ? [...shape] : [rows, ...shape.slice(1)],
        firstRow,
        ...ownScales,
      });
    }
  }
  return { weights, duplicates };
}

/** Names of the tensors that are scales of a quantized weight beside them, and no weights of their own. */
function scalesOf(tensors: ReadonlyMap<string, Stored>): Set<string> {
  const quantized = [...tensors].filter(([, { dtype }]) => dtype === "I8").map(([name]) => name + SCALE_SUFFIX);
  return new Set(quantized.filter((name) => tensors.has(name)));
}

/** Where a stored tensor's rows belong. `[parts * rows, ...]` → `parts` times `[rows, ...]` */
function parts(
  name: string,
  shape: readonly number[],
  fused: typeof FUSED,
): { name: string; rows?: number; firstRow: number }[] {
  for (const [from, names] of fused) {
    if (!from.test(name) || shape.length === 0 || shape[0]! % names.length !== 0) continue;
    const rows = shape[0]! / names.length;
    return names.map((to, index) => ({ name: name.replace(from, to), rows, firstRow: index * rows }));
  }
  return [{ name, firstRow: 0 }];
}
