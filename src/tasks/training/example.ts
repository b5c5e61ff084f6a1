import type { VitrailError } from "../../errors.js";
import type { ImageInput } from "../image-input.js";
import type { Labelled } from "./labels-of.js";

/** A picture and what it shows: one label, or any number of labels that do not exclude each other. */
export interface Example extends Labelled {
  image: ImageInput;
  /** For reports; default: the path, or the place in the list. */
  name?: string;
}

/** Whether a picture has exactly one label, or any number of them. */
export type Problem = "single-label" | "multi-label";

/** An example after its form was checked. */
export interface NamedExample {
  name: string;
  image: ImageInput;
  /** Without repetitions; exactly one for "single-label". */
  labels: readonly string[];
}

/** What was left out of training or evaluation, and why. */
export interface Omission {
  /** Of the picture, or of the folder or line that gave none. */
  name: string;
  code: string;
  message: string;
}

/** Examples of one problem. */
export interface ExampleSet {
  problem: Problem;
  examples: NamedExample[];
  omitted: Omission[];
}

/** An omission because of a failure. */
export function omission(name: string, { code, message }: VitrailError): Omission {
  return { name, code, message };
}
