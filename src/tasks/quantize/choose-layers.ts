import { backend } from "@tensorflow/tfjs-core";
import type { VitrailBackend } from "../../backend/vitrail-backend.js";
import { QuantizationError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import type { ModelConfig } from "../../models/model-config.js";
import type { LoadModelOptions } from "../load-model.js";
import { type Answers, askBoth, type OpenModel, openForMeasuring } from "./both-models.js";
import { overBudget } from "./budget.js";
import type { NamedPicture } from "./calibration-pictures.js";
import { type Closeness, closenessOf } from "./closeness.js";
import { layerErrors } from "./layer-errors.js";
import type { QuantizableLayer } from "./quantizable-layers.js";
import { hubOptions, type QuantizeOptions } from "./quantize-options.js";
import { type Sensitivity, searchLayers } from "./search-layers.js";
import { beyondHalves, writeQuantized } from "./write-quantized.js";

export interface LayerJob {
  /** As of `loadModel`. */
  source: string;
  /** Folder of the model's configs. */
  root: string;
  checkpoint: Checkpoint;
  config: ModelConfig;
  layers: readonly QuantizableLayer[];
  pictures: readonly NamedPicture[];
  /** Folder for the copy. */
  draft: string;
  dtype: "int8" | "float16";
  options: QuantizeOptions;
}

/** A copy that was written, and what it gives. */
export interface LayerChoice {
  answers: Answers;
  closeness: Closeness;
  /** Of each layer by itself, by the name of the model's layer. */
  errors: Map<string, number>;
  /** The integers that were multiplied. */
  integers: "u8" | "u7" | "i12";
  kept: ReadonlySet<string>;
  sensitivities?: Sensitivity[];
}

/** Prepared pictures that are kept for a search: 40 MB at 224 x 224 pixels, 154 MB at 448 x 448. */
const SAMPLE = 64;

/**
 * Writes the copy, and writes it again with the layers that have to be kept, until it is as wanted.
 *
 * @throws QuantizationError `quantize/budget`, `quantize/no-pictures`
 */
export async function chooseLayers(job: LayerJob): Promise<LayerChoice> {
  const { layers, dtype, checkpoint, options } = job;
  const { budget, keepWorst = 0, keep = [] } = options;
  const fixed = new Set([...keep, ...(dtype === "float16" ? await beyondHalves(checkpoint, layers) : [])]);
  await using original = await openForMeasuring(job.source, loadOptions(job, "original"));
  const over = ({ closeness }: LayerChoice) => (budget ? overBudget(closeness, budget) : []);

  let order: Sensitivity[] | undefined;
  let fewest: string[] = [];
  let choice = await attempt(job, original, fixed, async (copy, found) => {
    const isOver = over(found).length > 0;
    if (!isOver && !(typeof keepWorst === "number" && keepWorst > 0)) return;
    const { sample } = found.answers;
    await using search = await searchLayers(original, copy, { layers, fixed, dtype, sample, options });
    order = await search.sensitivities();
    if (isOver) fewest = await search.fewest(budget!, order);
  });
  if (!order) return choice;

  const names = order.map(({ name }) => name);
  let kept = new Set([...fixed, ...(keepWorst === "auto" ? fewest : names.slice(0, keepWorst))]);
  if (kept.size > fixed.size) choice = await attempt(job, original, kept);
  // What is enough for the sample may be too little for all pictures.
  while (keepWorst === "auto" && over(choice).length > 0 && kept.size < fixed.size + names.length) {
    kept = new Set([...kept, names.find((name) => !kept.has(name))!]);
    choice = await attempt(job, original, kept);
  }
  const isNothingLeft = layers.every(({ name }) => kept.has(name));
  if (over(choice).length > 0 || isNothingLeft)
    throw beyondBudget(job, isNothingLeft ? [] : over(choice), fewest.length > 0 ? fewest : [...kept], names.length);
  return { ...choice, sensitivities: order };
}

/** Writes the copy with some layers kept, and measures it. */
async function attempt(
  job: LayerJob,
  original: OpenModel,
  kept: ReadonlySet<string>,
  look?: (copy: OpenModel, found: LayerChoice) => Promise<void>,
): Promise<LayerChoice> {
  const { root, checkpoint, config, layers, pictures, draft, dtype, options } = job;
  const { signal, progress = () => {} } = options;
  await writeQuantized(draft, { source: root, checkpoint, layers, dtype, kept });
  await using copy = await openForMeasuring(draft, loadOptions(job, "copy"));
  const answers = await askBoth(original.model, copy.model, pictures, {
    sample: SAMPLE,
    signal,
    onPicture: (done) => progress({ stage: "pictures", done, total: pictures.length }),
  });
  const names = layers.filter(({ name }) => !kept.has(name)).flatMap((layer) => layer.layers);
  const found: LayerChoice = {
    answers,
    closeness: closenessOf(answers.before, answers.after, config.activation),
    errors: await layerErrors(original, copy, names, answers.sample, signal),
    integers: await copy.model.onEngine(() => (backend() as VitrailBackend).plan.quantized.kind),
    kept,
  };
  await look?.(copy, found);
  return found;
}

function loadOptions({ dtype, options }: LayerJob, of: "original" | "copy"): LoadModelOptions {
  const { threads, signal } = options;
  return {
    // A copy of float16 has the same bits as float32, and what was too large for float16 stays in it.
    ...(of === "original"
      ? hubOptions(options)
      : { dtype: dtype === "int8" ? dtype : "float32", ...(signal && { signal }) }),
    ...(threads !== undefined && { threads }),
  };
}

function beyondBudget({ config, dtype }: LayerJob, over: string[], keep: string[], all: number): QuantizationError {
  if (keep.length >= all || over.length === 0)
    return new QuantizationError(
      "quantize/budget",
      `No layer of "${config.name}" can be ${dtype} within this budget. Widen it, or leave the model as it is.`,
      { details: { keep, over } },
    );
  const list = keep.map((name) => `"${name}"`).join(", ");
  return new QuantizationError(
    "quantize/budget",
    `"${config.name}" as ${dtype} is beyond the budget: ${over.join("; ")}. Keep ${keep.length === 1 ? "this layer" : `these ${keep.length} layers`} of ${all}, as keepWorst "auto" (--keep-worst auto) does: ${list}.`,
    { details: { keep, over } },
  );
}
