import { Option } from "commander";
import { type ComputeOptions, dtypeOption } from "../compute-options.js";
import type { ModelOptions } from "../model-options.js";
import { numberArgument } from "../report.js";

/** What the user said about how this machine computes, and where it keeps models. */
export type MachineOptions = ComputeOptions & Pick<ModelOptions, "cacheDir">;

/** What the user said about a batch, whatever its task. */
export interface BatchCommandOptions extends MachineOptions {
  out: string;
  shard?: string;
  partSize?: number;
  urls?: true;
  fresh?: true;
  queue?: string;
  tries?: number;
}

/** Of every task. */
export const batchOptions = () => [
  new Option("--out <file>", "the output: .jsonl, .csv or .parquet").makeOptionMandatory(),
  new Option("--shard <i/n>", "only this share of the pictures, such as 3/16; by their ids"),
  new Option("--part-size <pictures>", "as much is done again after a kill (default: 256)").argParser(numberArgument),
  new Option("--urls", "fetch pictures that are given as URLs, from public addresses only"),
  new Option("--fresh", "throw away what an earlier run has left, and begin anew"),
  new Option("--batch <pictures>", "pictures in one forward pass (default: 8)").argParser(numberArgument),
  dtypeOption(),
  new Option("--queue <redis URL>", "let workers do it: see vitrail worker"),
  new Option("--tries <count>", "of a part in a queue, before it is given up (default: 3)").argParser(numberArgument),
];
