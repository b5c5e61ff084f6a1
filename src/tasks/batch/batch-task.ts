import type { LoadModelOptions } from "../load-model.js";
import type { Column } from "./column.js";

/** What is asked of every picture. All of it is JSON, so that a queue can carry it to other machines. */
export type BatchSpec = ClassifySpec | EmbedSpec | FacesSpec;

interface ModelSpec {
  /** A folder or an id on the Hub. */
  model: string;
  revision?: string;
  dtype?: NonNullable<LoadModelOptions["dtype"]>;
  interpolate?: number | true;
  /** Pictures in one forward pass. */
  batch?: number;
}

export interface ClassifySpec extends ModelSpec {
  task: "classify";
  topK?: number;
  threshold?: number;
  activation?: "softmax" | "sigmoid" | "none";
  cumulative?: "label-order";
}

export interface EmbedSpec extends ModelSpec {
  task: "embed";
  pool?: "class" | "mean" | "pooler";
  normalize?: boolean;
}

export interface FacesSpec extends Pick<ModelSpec, "dtype" | "batch"> {
  task: "faces";
  detector?: string;
  /** Checkpoints by the attributes' names. */
  attributes?: Record<string, string>;
  /** An attribute, or a checkpoint, whose vectors faces get. */
  embed?: string;
  minScore?: number;
  maxFaces?: number;
  minSize?: number;
}

/** How this machine runs a task: nothing of it shows in the rows. */
export type LocalOptions = Pick<LoadModelOptions, "engine" | "threads" | "cacheDir" | "progress" | "signal">;

/** What a task says of one picture, or why it says nothing. */
export type Outcome = { fields: Readonly<Record<string, unknown>> } | { error: Error };

/** Models that are loaded and answer pictures. */
export interface BatchTask extends AsyncDisposable {
  /** Two processes whose tasks have equal fingerprints write equal rows: it holds what the models' numbers are, not only their names. */
  readonly fingerprint: Readonly<Record<string, unknown>>;
  readonly columns: readonly Column[];
  /** Pictures that it takes at once. */
  readonly groupSize: number;
  /** An outcome for each picture, in their order. @throws what is no picture's fault; `signal.reason` */
  answer(pictures: readonly Uint8Array[], signal: AbortSignal): Promise<Outcome[]>;
}
