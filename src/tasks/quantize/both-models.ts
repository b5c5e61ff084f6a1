import { BACKEND_NAME } from "../../backend/vitrail-backend.js";
import { QuantizationError, type VitrailError } from "../../errors.js";
import type { VisionTransformer } from "../../models/vision-transformer.js";
import { batches } from "../batches.js";
import { ForwardPass } from "../forward-pass.js";
import { type LoadModelOptions, loadLayers } from "../load-model.js";
import { readPictures } from "../picture-batch.js";
import { type Omission, omission } from "../training/example.js";
import { VisionModel } from "../vision-model.js";
import type { NamedPicture } from "./calibration-pictures.js";
import type { Answer } from "./closeness.js";

/** A model with its layers. */
export interface OpenModel extends AsyncDisposable {
  model: VisionModel;
  transformer: VisionTransformer;
}

/** Loads a model on the engine that has all precisions. The caller disposes `model`. */
export async function openForMeasuring(source: string, options: LoadModelOptions): Promise<OpenModel> {
  const { config, ...transformer } = await loadLayers(source, { ...options, engine: "vitrail" });
  const model = new VisionModel(config, new ForwardPass(transformer, BACKEND_NAME));
  return { model, transformer, [Symbol.asyncDispose]: () => model.dispose() };
}

/** A picture as the model takes it, `[height, width, 3]`. */
export interface PreparedPicture {
  name: string;
  values: Float32Array;
}

/** What two models make of the same pictures. */
export interface Answers {
  /** Of the pictures that could be read; the lists below have their order. */
  names: string[];
  before: Answer[];
  after: Answer[];
  omitted: Omission[];
  /** Some of the pictures, evenly spread over all. */
  sample: PreparedPicture[];
}

export interface AskOptions {
  /** Prepared pictures to keep, at most. */
  sample: number;
  signal?: AbortSignal | undefined;
  onPicture?: (done: number) => void;
}

const BATCH = 4;

/**
 * Asks both models about every picture, reading each once; broken ones are left out.
 *
 * @throws QuantizationError `quantize/no-pictures` when all are broken
 */
export async function askBoth(
  before: VisionModel,
  after: VisionModel,
  pictures: readonly NamedPicture[],
  { sample, signal, onPicture = () => {} }: AskOptions,
): Promise<Answers> {
  const { architecture, preprocessing } = before.config;
  const answers: Answers = { names: [], before: [], after: [], omitted: [], sample: [] };
  const every = Math.max(1, Math.ceil(pictures.length / sample));
  for await (const group of batches(pictures, BATCH)) {
    const inputs = group.map(({ item }) => item.input);
    const { values, shape, places } = await readPictures(inputs, preprocessing, architecture.image, signal);
    const size = shape[1] * shape[2] * 3;
    for (const [i, { item }] of group.entries()) {
      const place = places[i]!;
      if (place instanceof Error) answers.omitted.push(omission(item.name, place as VitrailError));
      else {
        answers.names.push(item.name);
        if ((answers.names.length - 1) % every === 0)
          answers.sample.push({ name: item.name, values: values.slice(place * size, (place + 1) * size) });
      }
    }
    if (shape[0] > 0) {
      answers.before.push(...(await ask(before, values, shape, signal)));
      answers.after.push(...(await ask(after, values, shape, signal)));
    }
    onPicture(Math.min(pictures.length, group.at(-1)!.index + 1));
  }
  if (answers.names.length === 0)
    throw new QuantizationError(
      "quantize/no-pictures",
      `None of the ${pictures.length} pictures to measure by can be read; the first: ${answers.omitted[0]!.message} Pass a folder of pictures like those that the model will see.`,
      { details: { omitted: answers.omitted } },
    );
  return answers;
}

/** A model's answers to prepared pictures, `[pictures, height, width, 3]`. */
export async function ask(
  model: VisionModel,
  values: Float32Array,
  shape: readonly [number, number, number, number],
  signal?: AbortSignal,
): Promise<Answer[]> {
  const hasLabels = model.config.architecture.classes > 0;
  const outputs = hasLabels ? (["embedding", "logits"] as const) : (["embedding"] as const);
  const found = await model.runTensor(values, shape, { outputs, ...(signal && { signal }) });
  const part = ({ data }: { data: Float32Array }, i: number) => {
    const width = data.length / shape[0];
    return data.slice(i * width, (i + 1) * width);
  };
  return Array.from({ length: shape[0] }, (_, i) => ({
    embedding: part(found.embedding, i),
    ...(hasLabels && { logits: part((found as Record<"logits", { data: Float32Array }>).logits, i) }),
  }));
}
