import type { WeightPrecision } from "../backend/vitrail-backend.js";
import { InputError } from "../errors.js";
import type { ModelConfig } from "../models/model-config.js";
import type { VisionTransformer } from "../models/vision-transformer.js";
import { batches, type StreamItem } from "./batches.js";
import { type ClassificationOptions, checkClassificationOptions, type Label, labelsOf } from "./classification.js";
import type { EmbeddingOptions } from "./embedding.js";
import { type FeatureOptions, type Features, featureSources, featuresOf } from "./features.js";
import type { ImageInput } from "./image-input.js";
import { checkOptionNames, choiceOption, wholeOption } from "./options.js";
import { type OutputName, outputsOf, sourcesOf } from "./outputs.js";
import type { NumericArray, Pass } from "./pass.js";
import { readPictures } from "./picture-batch.js";

export interface CallOptions {
  /** Stops the call between its steps; it then throws `signal.reason`. */
  signal?: AbortSignal;
  /** Pictures in one forward pass, where there are several. Default 8: more costs memory and gains no time on a CPU. */
  batch?: number;
}

export interface RunOptions<Name extends OutputName = OutputName> extends EmbeddingOptions, CallOptions {
  outputs: readonly Name[];
}

/** What `run` gives for one picture. */
export type RunResult<Name extends OutputName = OutputName> = Record<Name, NumericArray>;

const DEFAULT_BATCH = 8;

/** A loaded ViT or EVA-02. Holds its weights in memory until it is disposed. */
export class VisionModel implements AsyncDisposable {
  /** In the order of the logits; empty for an encoder. */
  readonly labels: readonly string[];

  /** Made by `loadModel`. */
  constructor(
    readonly config: ModelConfig,
    private readonly forward: Pass,
    /** The weights' files, whose hash says which model this is. */
    readonly files: readonly string[] = [],
    /** How the weights are kept; anything but "float32" changes what comes out. */
    readonly dtype: WeightPrecision = "float32",
  ) {
    this.labels = config.labels;
  }

  /** Length of an embedding. */
  get width(): number {
    return this.config.architecture.width;
  }

  /** Forward passes made so far: one for a picture or a batch, however many outputs were asked for. */
  get passes(): number {
    return this.forward.passes;
  }

  /**
   * Labels with their scores, best first: all of them unless limited.
   *
   * @throws InputError `input/no-classifier` for an encoder, `input/option`, `input/…` for what is no picture; ImageError for a broken one
   */
  classify(input: ImageInput, options?: ClassificationOptions & CallOptions): Promise<Label[]>;
  classify(inputs: readonly ImageInput[], options?: ClassificationOptions & CallOptions): Promise<Label[][]>;
  async classify(inputs: ImageInput | readonly ImageInput[], options: ClassificationOptions & CallOptions = {}) {
    this.checkClassify(options);
    const all = await this.runEach(inputs, ["logits"], options);
    const labels = all.map(({ logits }) => this.label(logits!, options));
    return Array.isArray(inputs) ? labels : labels[0]!;
  }

  /**
   * One vector for a picture, for search, clustering or a head of your own. `[width]`, of length 1 unless `normalize` is false
   *
   * @throws InputError `input/no-pooler`, `input/option`
   */
  embed(input: ImageInput, options?: EmbeddingOptions & CallOptions): Promise<Float32Array>;
  embed(inputs: readonly ImageInput[], options?: EmbeddingOptions & CallOptions): Promise<Float32Array[]>;
  async embed(inputs: ImageInput | readonly ImageInput[], options: EmbeddingOptions & CallOptions = {}) {
    checkOptionNames(options, ["pool", "normalize", "batch", "signal"]);
    const all = await this.runEach(inputs, ["embedding"], options);
    const vectors = all.map(({ embedding }) => embedding!.data);
    return Array.isArray(inputs) ? vectors : vectors[0]!;
  }

  /**
   * A vector for the picture, one for each of its patches, and the logits, out of one forward pass; of any block with `layer`.
   *
   * @throws InputError `input/no-pooler`, `input/option`
   */
  features(input: ImageInput, options?: FeatureOptions & CallOptions): Promise<Features>;
  features(inputs: readonly ImageInput[], options?: FeatureOptions & CallOptions): Promise<Features[]>;
  async features(inputs: ImageInput | readonly ImageInput[], options: FeatureOptions & CallOptions = {}) {
    checkOptionNames(options, ["layer", "pool", "normalize", "batch", "signal"]);
    const { architecture } = this.config;
    const all = await this.runEach(inputs, featureSources(options, architecture), options);
    const features = all.map((outputs) => featuresOf(outputs, options, architecture));
    return Array.isArray(inputs) ? features : features[0]!;
  }

  /** Any outputs of a picture out of one forward pass; see `OutputName` for their names and shapes. */
  run<Name extends OutputName>(input: ImageInput, options: RunOptions<Name>): Promise<RunResult<Name>>;
  run<Name extends OutputName>(inputs: readonly ImageInput[], options: RunOptions<Name>): Promise<RunResult<Name>[]>;
  async run(inputs: ImageInput | readonly ImageInput[], options: RunOptions) {
    checkOptionNames(options, ["outputs", "pool", "normalize", "batch", "signal"]);
    const all = await this.runEach(inputs, options.outputs, options);
    return Array.isArray(inputs) ? all : all[0]!;
  }

  /** `run` for a stream of any length, as `classifyAll` classifies one. */
  async *runAll<Input extends ImageInput, Name extends OutputName>(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: RunOptions<Name>,
  ): AsyncGenerator<StreamItem<Input, RunResult<Name>>> {
    checkOptionNames(options, ["outputs", "pool", "normalize", "batch", "signal"]);
    for await (const entry of this.stream(inputs, options.outputs, options))
      yield entry as StreamItem<Input, RunResult<Name>>;
  }

  /**
   * As `run`, from pictures that are preprocessed already.
   *
   * @param values `[batch, height, width, 3]`, normalized, in the model's own size
   * @returns each output with its batch axis first; embeddings are not brought to length 1 unless asked
   */
  async runTensor<Name extends OutputName>(
    values: Float32Array,
    shape: readonly [number, number, number, number],
    options: RunOptions<Name>,
  ): Promise<RunResult<Name>> {
    const { height, width } = this.config.architecture.image;
    const [batch] = shape;
    const fits = Number.isSafeInteger(batch) && batch > 0 && String(shape.slice(1)) === String([height, width, 3]);
    if (!fits || values.length !== batch * height * width * 3)
      throw new InputError(
        "input/tensor",
        `The tensor must be [batch, ${height}, ${width}, 3] float32 values; found [${shape}] with ${values.length} values.`,
        { details: { shape, values: values.length } },
      );
    const { outputs, pool, normalize = false } = options;
    const chosen = this.embeddingDefaults({ pool, normalize });
    const sources = sourcesOf(outputs, chosen.pool, this.config.architecture);
    const results = await this.forward.run(values, [batch, height, width, 3], sources, options.signal);
    const pictures = Array.from({ length: batch }, (_, i) => outputsOf(results, i, outputs, chosen));
    return Object.fromEntries(
      outputs.map((name) => [name, stack(pictures.map((picture) => picture[name]!))]),
    ) as RunResult<Name>;
  }

  /**
   * Classifies a stream of any length without ever holding more than a batch. A picture that can't be read is an item with `error`;
   * results keep the order of the inputs.
   */
  async *classifyAll<Input extends ImageInput>(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: ClassificationOptions & CallOptions = {},
  ): AsyncGenerator<StreamItem<Input, Label[]>> {
    this.checkClassify(options);
    for await (const entry of this.stream(inputs, ["logits"], options)) {
      if ("error" in entry) yield entry;
      else yield { ...entry, result: this.label(entry.result.logits!, options) };
    }
  }

  /** Embeds a stream of any length, as `classifyAll` classifies one. */
  async *embedAll<Input extends ImageInput>(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options: EmbeddingOptions & CallOptions = {},
  ): AsyncGenerator<StreamItem<Input, Float32Array>> {
    checkOptionNames(options, ["pool", "normalize", "batch", "signal"]);
    for await (const entry of this.stream(inputs, ["embedding"], options)) {
      if ("error" in entry) yield entry;
      else yield { ...entry, result: entry.result.embedding!.data };
    }
  }

  /**
   * Runs work of your own with the model's engine as TF.js's active one, after the passes that wait already. It must not wait for a pass.
   *
   * @throws InputError `input/disposed`; `signal.reason` when aborted before its turn
   */
  onEngine<Result>(work: () => Result | Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.forward.inTurn(work, signal);
  }

  /**
   * A model of its own with the same float32 weights, and its layers, for training. What the copy's layers are given does not change this model; until then the
   * two share memory. The caller disposes it; as it changes, it has no files that say which model it is.
   *
   * @throws InputError `input/disposed`
   */
  async copy(): Promise<{ model: VisionModel; transformer: VisionTransformer }> {
    const { forward, transformer } = await this.forward.copy(this.config.architecture);
    return { model: new VisionModel(this.config, forward), transformer };
  }

  /** Gives the weights' memory back. May be called again. */
  dispose(): Promise<void> {
    return this.forward.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private checkClassify(options: ClassificationOptions & CallOptions): void {
    if (this.labels.length === 0)
      throw new InputError(
        "input/no-classifier",
        `"${this.config.name}" is an encoder without a classifier. Use embed(), or load a checkpoint that has labels.`,
      );
    checkClassificationOptions(options, this.labels);
  }

  private label(logits: NumericArray, options: ClassificationOptions): Label[] {
    const { decisions, activation } = this.config;
    const isFitted = options.temperature === "fitted" || options.threshold === "fitted";
    const temperature = isFitted ? decisions?.temperature : (options.temperature as number | undefined);
    const scaled = temperature === undefined ? logits.data : logits.data.map((logit) => logit / temperature);
    return labelsOf(scaled, this.labels, options.activation ?? activation, options, decisions?.thresholds);
  }

  /** Outputs of each picture; the first broken one fails the call. */
  private async runEach(
    inputs: ImageInput | readonly ImageInput[],
    outputs: readonly OutputName[],
    options: EmbeddingOptions & CallOptions,
  ): Promise<Record<string, NumericArray>[]> {
    const list = Array.isArray(inputs) ? (inputs as readonly ImageInput[]) : [inputs as ImageInput];
    const results: Record<string, NumericArray>[] = [];
    for await (const entry of this.stream(list, outputs, options)) {
      if ("error" in entry) throw Array.isArray(inputs) ? atIndex(entry.error, entry.index) : entry.error;
      results.push(entry.result);
    }
    return results;
  }

  private async *stream<Input extends ImageInput>(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    outputs: readonly OutputName[],
    { batch = DEFAULT_BATCH, signal, pool, normalize }: EmbeddingOptions & CallOptions,
  ): AsyncGenerator<StreamItem<Input, Record<string, NumericArray>>> {
    wholeOption("batch", batch, 1, 1024);
    const { architecture, preprocessing } = this.config;
    const chosen = this.embeddingDefaults({ pool, normalize });
    const sources = sourcesOf(outputs, chosen.pool, architecture);
    for await (const group of batches(inputs, batch)) {
      const pictures = group.map(({ item }) => item);
      const { values, shape, places } = await readPictures(pictures, preprocessing, architecture.image, signal);
      const results = shape[0] > 0 ? await this.forward.run(values, shape, sources, signal) : new Map();
      for (const [i, { index, item }] of group.entries()) {
        const place = places[i]!;
        if (place instanceof Error) yield { index, item, error: place };
        else yield { index, item, result: outputsOf(results, place, outputs, chosen) };
      }
    }
  }

  private embeddingDefaults({
    pool,
    normalize,
  }: {
    pool: EmbeddingOptions["pool"] | undefined;
    normalize: boolean | undefined;
  }) {
    choiceOption("pool", pool, ["class", "mean", "pooler"]);
    choiceOption("normalize", normalize, [true, false]);
    const { architecture, activation } = this.config;
    if (pool === "pooler" && !architecture.pooler)
      throw new InputError("input/no-pooler", `"${this.config.name}" has no pooler. Use pool "class" or "mean".`);
    return { activation, pool: pool ?? architecture.pool, normalize: normalize ?? true };
  }
}

/** The same failure, saying which picture of a list it was. */
function atIndex(error: Error, index: number): Error {
  if (!("code" in error && "details" in error)) return error;
  const { code, details, message } = error as InputError;
  const Kind = error.constructor as typeof InputError;
  return new Kind(code, `Picture ${index} of the list: ${message}`, { cause: error, details: { ...details, index } });
}

/** `[...]` each → `[batch, ...]` */
function stack(parts: NumericArray[]): NumericArray {
  const size = parts[0]!.data.length;
  const data = new Float32Array(parts.length * size);
  for (const [index, part] of parts.entries()) data.set(part.data, index * size);
  return { data, shape: [parts.length, ...parts[0]!.shape] };
}
