import { InputError, VitrailError } from "../../../errors.js";
import { type LoadModelOptions, loadModel } from "../../load-model.js";
import { checkOptionNames } from "../../options.js";
import { VisionModel } from "../../vision-model.js";
import { type AttributeReader, attributeReader, type LabelMap } from "./attribute-reader.js";

/** A folder or an id on the Hub, as `loadModel` takes them, or a model that is loaded already, which its owner disposes. */
export type ModelSource = string | VisionModel;

/** An attribute: a checkpoint, and what its labels mean where they do not say so themselves. */
export type AttributeSource = ModelSource | { model: ModelSource; revision?: string; labels?: LabelMap };

/** What an attribute could not do, where `onError` is `"skip"`. */
export interface AttributeFailure {
  code: string;
  message: string;
}

/** The attributes that one model gives: all out of the same pass. */
export interface AttributeModel {
  readonly model: VisionModel;
  readonly readers: Map<string, AttributeReader>;
}

/** Loaded models, each once, however many attributes it gives. */
export class AttributeModels {
  readonly all: AttributeModel[] = [];
  private readonly bySource = new Map<ModelSource, AttributeModel>();
  private readonly own: VisionModel[] = [];

  constructor(private readonly options: LoadModelOptions) {}

  /** @throws what `loadModel` throws; CheckpointError `checkpoint/attribute-labels`, InputError `input/no-classifier`; each naming the attribute */
  async add(name: string, source: AttributeSource): Promise<void> {
    await naming(`Attribute "${name}"`, { attribute: name }, async () => {
      const { model: from, revision, labels } = parts(source);
      const entry = await this.load(from, revision);
      if (entry.model.labels.length === 0)
        throw new InputError(
          "input/no-classifier",
          `"${entry.model.config.name}" is an encoder without a classifier, so it names nothing. Use a checkpoint with labels.`,
        );
      entry.readers.set(name, attributeReader(name, entry.model.labels, labels));
    });
  }

  /** A model for its vectors alone; the one that an attribute has already, if it is the same. */
  async load(source: ModelSource, revision?: string): Promise<AttributeModel> {
    if (typeof source !== "string" && !(source instanceof VisionModel))
      throw new InputError("input/option", `A model must be a folder or a loaded one; found ${typeof source}.`);
    const key = typeof source === "string" && revision !== undefined ? `${source}@${revision}` : source;
    const known = this.bySource.get(key);
    if (known) return known;
    const isOwn = !(source instanceof VisionModel);
    const model = isOwn
      ? await loadModel(source, { ...this.options, ...(revision !== undefined && { revision }) })
      : source;
    if (isOwn) this.own.push(model);
    const entry = { model, readers: new Map<string, AttributeReader>() };
    this.bySource.set(key, entry);
    this.all.push(entry);
    return entry;
  }

  /** Gives back what was loaded here, not what the caller loaded. */
  async dispose(): Promise<void> {
    for (const model of this.own) await model.dispose();
  }
}

function parts(source: AttributeSource): { model: ModelSource; revision?: string; labels?: LabelMap } {
  if (typeof source === "string" || source instanceof VisionModel) return { model: source };
  checkOptionNames(source, ["model", "revision", "labels"]);
  const { labels } = source;
  const isMap = (value: unknown) => value === null || typeof value === "string";
  if (labels !== undefined && (typeof labels !== "object" || labels === null || !Object.values(labels).every(isMap)))
    throw new InputError(
      "input/option",
      `"labels" must be an object from a checkpoint's label to its meaning, or null.`,
    );
  return source;
}

/** Does some work, and says whose it was if it fails. */
export async function naming<Result>(
  whose: string,
  details: Record<string, unknown>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VitrailError) || error.message.startsWith(whose)) throw error;
    const Kind = error.constructor as typeof VitrailError;
    throw new Kind(error.code, `${whose}: ${error.message}`, {
      cause: error,
      details: { ...error.details, ...details },
    });
  }
}
