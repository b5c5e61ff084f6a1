import type { Decisions } from "../../models/model-config.js";
import { callOptions, checkOptionNames, pathOption, wholeOption } from "../options.js";
import { fingerprintOf } from "../search/fingerprint.js";
import type { VisionModel } from "../vision-model.js";
import { answerOf, type DenseLayer } from "./dense-layer.js";
import { type Evaluation, evaluate } from "./evaluation.js";
import type { Omission, Problem } from "./example.js";
import type { Extract } from "./extract-features.js";
import { FeatureCache } from "./feature-cache.js";
import type { FitSettings } from "./fit-options.js";
import { knownOnly } from "./known-only.js";
import { labelledFeatures } from "./labelled-features.js";
import { type ExampleSource, readExamples } from "./read-examples.js";
import { saveHead } from "./save-head.js";
import type { EpochReport } from "./train.js";
import { saveAdapter } from "./tuning/save-adapter.js";
import type { TunedModel } from "./tuning/tuned-model.js";

/** What a head was made of. */
export interface FitSummary {
  /** Pictures that were learned from. */
  training: number;
  /** Changed views of them, besides. */
  views: number;
  /** Pictures that it was judged by. */
  validation: number;
  labels: { label: string; count: number }[];
  /** Passes of the backbone; pictures of the cache need none. */
  passes: number;
  /** What was left out, and why. */
  omitted: Omission[];
}

export interface HeadParts extends Decisions {
  labels: readonly string[];
  problem: Problem;
  layers: readonly DenseLayer[];
  history: readonly EpochReport[];
  settings: FitSettings;
  summary: FitSummary;
  validation?: Evaluation | undefined;
}

export interface EvaluateOptions {
  /** As for `fitHead`. */
  cache?: string;
  /** Pictures in one pass. Default 8. */
  batch?: number;
  signal?: AbortSignal;
  progress?: (done: number, total: number) => void;
}

/** A head that was trained on a model's features. Made by `fitHead`; needs the model as long as it evaluates. */
export class Head implements AsyncDisposable {
  /** In the order of the logits. */
  readonly labels: readonly string[];
  readonly problem: Problem;
  /** One, or two with a ReLU between; for features as the backbone gives them. */
  readonly layers: readonly DenseLayer[];
  /** What logits are divided by before they become probabilities, chosen on the validation pictures; 1 without such. */
  readonly temperature: number;
  /** Probabilities from which on a label is said to be there: of many labels, or of the second of two. */
  readonly thresholds: Readonly<Record<string, number>> | undefined;
  /** Loss and accuracy of each epoch, or of each step of "lbfgs". */
  readonly history: readonly EpochReport[];
  readonly settings: FitSettings;
  readonly summary: FitSummary;
  /** What it answers for the validation pictures, by which temperature, thresholds and the best epoch were chosen. */
  readonly validation: Evaluation | undefined;

  /**
   * @param model whose features the head reads: the one that it was fitted on or, where blocks were trained, a copy with those, whose embeddings differ
   */
  constructor(
    readonly model: VisionModel,
    { labels, problem, layers, temperature, thresholds, history, settings, summary, validation }: HeadParts,
    private readonly tuned?: TunedModel,
  ) {
    this.labels = labels;
    this.problem = problem;
    this.layers = layers;
    this.temperature = temperature;
    this.thresholds = thresholds;
    this.history = history;
    this.settings = settings;
    this.summary = summary;
    this.validation = validation;
  }

  /**
   * What the head answers for pictures that it has, or has not, learned from.
   *
   * @throws TrainingError `training/…`; InputError `input/option`; `signal.reason`
   */
  async evaluate(source: ExampleSource, options: EvaluateOptions = {}): Promise<Evaluation> {
    checkEvaluateOptions(options);
    const { cache: folder, batch, signal, progress } = options;
    const set = await readExamples(source, this.problem);
    const fingerprint = folder === undefined ? "" : await this.fingerprint();
    const cache = await FeatureCache.open(folder, fingerprint, this.model.width);
    const extract: Extract = (images, how) => this.model.embedAll(images, { normalize: false, ...how });
    const onPicture = (done: number) => progress?.(done, set.examples.length);
    const found = await labelledFeatures(extract, set, cache, { batch, signal, onPicture });
    const { examples, omitted } = knownOnly(found, this.labels);
    return evaluate(
      this.logits(examples.map(({ feature }) => feature)),
      examples,
      this.labels,
      this.problem,
      this,
      omitted,
    );
  }

  /** What the head answers for features, `[width]` each, as `embed` with `normalize: false` gives them. → `[features, classes]` */
  logits(features: readonly Float32Array[]): Float32Array {
    const logits = new Float32Array(features.length * this.labels.length);
    for (const [row, feature] of features.entries())
      logits.set(answerOf(this.layers, feature), row * this.labels.length);
    return logits;
  }

  /**
   * Writes a folder that `loadModel` reads, and Python's `ViTForImageClassification` or timm where the head is linear: the model's own tensors, byte for byte but for trained
   * blocks, and the head's. Whole or not at all; a head that is there is replaced.
   *
   * @throws TrainingError `training/not-saved`; InputError `input/not-a-path`; what is wrong with the model's own files, `weights/…`, `checkpoint/…`
   */
  save(folder: string): Promise<void> {
    return saveHead(this, this.tuned?.original ?? this.model, folder, this.tuned);
  }

  /**
   * Writes what LoRA trained, and the classifier, as PEFT does: `adapter_config.json` and `adapter_model.safetensors`, under transformers 5's or timm's names.
   *
   * @throws TrainingError `training/no-adapter`; the errors of the operating system
   */
  saveAdapter(folder: string): Promise<void> {
    return saveAdapter(this.tuned, this.layers, folder);
  }

  /** Gives back the memory of the trained blocks, where there are such; the model that was given to `fitHead` stays. */
  async dispose(): Promise<void> {
    await this.tuned?.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private fingerprint(): Promise<string> {
    return this.tuned?.fingerprint() ?? fingerprintOf(this.model, { normalize: false });
  }
}

/** @throws InputError `input/option` */
export function checkEvaluateOptions(options: EvaluateOptions): void {
  checkOptionNames(options, ["cache", "batch", "signal", "progress"]);
  wholeOption("batch", options.batch, 1, 1024);
  pathOption("cache", options.cache);
  callOptions(options);
}
