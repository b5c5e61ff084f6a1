import type { ClassifySpec, EmbedSpec, FacesSpec } from "../../../tasks/batch/batch-task.js";

interface ModelWords {
  revision?: string;
  dtype?: NonNullable<ClassifySpec["dtype"]>;
  batch?: number;
  interpolate?: number | true;
}

/** What the user said about a task, as commander gives it. */
export interface ClassifyWords extends ModelWords {
  topK?: number;
  threshold?: number;
  activation?: NonNullable<ClassifySpec["activation"]>;
  cumulative?: true;
}

export interface EmbedWords extends ModelWords {
  pool?: NonNullable<EmbedSpec["pool"]>;
  normalize: boolean;
}

export interface FacesWords extends Pick<ModelWords, "dtype" | "batch"> {
  model: string;
  attributes?: Record<string, string>;
  embed?: string;
  minScore?: number;
  maxFaces?: number;
  minSize?: number;
}

export function classifySpec(model: string, words: ClassifyWords): ClassifySpec {
  const { topK, threshold, activation, cumulative } = words;
  return withoutUnset({
    ...{ task: "classify" as const, model, ...modelWords(words), topK, threshold, activation },
    cumulative: cumulative && ("label-order" as const),
  });
}

export function embedSpec(model: string, words: EmbedWords): EmbedSpec {
  const { pool, normalize } = words;
  return withoutUnset({ task: "embed" as const, model, ...modelWords(words), pool, normalize });
}

export function facesSpec({
  model,
  attributes,
  embed,
  dtype,
  batch,
  minScore,
  maxFaces,
  minSize,
}: FacesWords): FacesSpec {
  return withoutUnset({
    ...{ task: "faces" as const, detector: model, attributes, embed, dtype, batch, minScore, maxFaces, minSize },
  });
}

function modelWords({ revision, dtype, batch, interpolate }: ModelWords) {
  return { revision, dtype, batch, interpolate };
}

type Unset<Fields> = { [Name in keyof Fields]: Fields[Name] | undefined };

/** Only what was said: the names of all others would be options that nobody gave. */
function withoutUnset<Fields extends object>(fields: Unset<Fields>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
