import type { ModelConfig } from "../../models/model-config.js";
import { type Label, labelsOf } from "../classification.js";
import { cosineSimilarity } from "../embedding.js";
import type { Omission } from "../training/example.js";
import type { Answers } from "./both-models.js";
import type { Budget } from "./budget.js";
import type { LayerChoice } from "./choose-layers.js";
import { type Closeness, divergenceOf, nearest } from "./closeness.js";
import { ATTENTION, type QuantizableLayer } from "./quantizable-layers.js";
import type { Sensitivity } from "./search-layers.js";
import type { EngineTime } from "./time-engines.js";

/** What quantizing a model cost and gained: `report.json`. */
export interface QuantizationReport extends Closeness {
  model: string;
  dtype: "int8" | "float16";
  /** The integers that this machine multiplied, see `docs/engine.md`; others differ a little. */
  integers?: "u8" | "u7" | "i12";
  /** That could be read. */
  pictures: number;
  /** Pictures that could not. */
  omitted: Omission[];
  budget?: Budget;
  layers: LayerReport[];
  /** The products within the attentions, which have no weights. */
  attention: "int8" | "float32";
  /** How sensitive the embeddings are to each layer alone, worst first; of searches only. */
  sensitivities?: Sensitivity[];
  worst: WorstPicture[];
  /** Of the weights' files, in bytes. */
  size: { before: number; after: number };
  speed: EngineTime[];
}

export interface LayerReport {
  /** In the checkpoint, without ".weight". */
  name: string;
  stored: "int8" | "float16" | "as it was";
  /** Of its outputs on the original's inputs, relative; 0 for what was kept. */
  error: number;
}

/** A picture whose answer changed most. */
export interface WorstPicture {
  name: string;
  cosine: number;
  divergence?: number;
  /** The best label and its score; for an encoder the nearest other picture and the cosine. */
  before: Label;
  after: Label;
}

interface ReportFacts {
  config: ModelConfig;
  dtype: "int8" | "float16";
  layers: readonly QuantizableLayer[];
  choice: LayerChoice;
  speed: EngineTime[];
  size: QuantizationReport["size"];
  budget: Budget | undefined;
}

/** Puts together what was measured. */
export function reportOf({ config, dtype, layers, choice, speed, size, budget }: ReportFacts): QuantizationReport {
  const { answers, closeness, errors, integers, kept, sensitivities } = choice;
  return {
    model: config.name,
    dtype,
    ...(dtype === "int8" && { integers }),
    pictures: answers.names.length,
    omitted: answers.omitted,
    ...(budget && { budget }),
    ...closeness,
    size,
    speed,
    attention: dtype === "float16" || kept.has(ATTENTION) ? "float32" : "int8",
    layers: layers.map(({ name, layers: own }) => ({
      name,
      stored: kept.has(name) ? "as it was" : dtype,
      // Of a fused projection the worst of its parts.
      error: kept.has(name) ? 0 : Math.max(...own.map((layer) => errors.get(layer)!)),
    })),
    ...(sensitivities && { sensitivities }),
    worst: worstPictures(answers, config.labels, config.activation),
  };
}

/** Pictures that a report shows. */
const SHOWN = 8;

/** The pictures whose answers changed most, worst first: another label before the same, then by cosine. Neighbors change between near ties, too. */
function worstPictures(
  { names, before, after }: Answers,
  labels: readonly string[],
  activation: "softmax" | "sigmoid",
): WorstPicture[] {
  const best = (answers: Answers["before"], i: number): Label => {
    const { logits } = answers[i]!;
    if (logits) return labelsOf(logits, labels, activation, { topK: 1 })[0]!;
    const { index, cosine } = nearest(answers, i);
    return { label: names[index] ?? "no other picture", score: index < 0 ? 0 : cosine };
  };
  const isChanged = ({ before, after }: WorstPicture) => Number(labels.length > 0 && before.label !== after.label);
  return names
    .map((name, i): WorstPicture => {
      const [a, b] = [before[i]!, after[i]!];
      return {
        name,
        cosine: cosineSimilarity(a.embedding, b.embedding),
        ...(a.logits && { divergence: divergenceOf(a.logits, b.logits!, activation) }),
        before: best(before, i),
        after: best(after, i),
      };
    })
    .sort((a, b) => isChanged(b) - isChanged(a) || a.cosine - b.cosine)
    .slice(0, SHOWN);
}
