import { createHash } from "node:crypto";
import type { ItemCensus } from "./batch-item.js";
import type { Shard } from "./shard.js";

/** All that decides the bytes of a batch's output. */
export interface RunSettings {
  task: string;
  /** Of the models and what is asked of them. */
  fingerprint: Readonly<Record<string, unknown>>;
  inputs: ItemCensus;
  shard: Shard | "whole";
  /** Pictures in a part. */
  partSize: number;
  /** Pictures in one forward pass: sums are rounded alike only where equal pictures stand together. */
  groupSize: number;
  format: string;
}

/** What people call the settings. */
const NAMES: Readonly<Record<keyof RunSettings, string>> = {
  task: "the task",
  fingerprint: "the model, its numbers or its options",
  inputs: "the list of pictures",
  shard: "the shard",
  partSize: "the size of parts",
  groupSize: "the pictures in one pass",
  format: "the output's format",
};

/** The name of a run: equal where all settings are. */
export function runId(settings: RunSettings): string {
  return createHash("sha256").update(canonical(settings)).digest("hex").slice(0, 32);
}

/** What differs between two runs, in words. */
export function differences(a: RunSettings, b: RunSettings): string[] {
  const keys = Object.keys(NAMES) as (keyof RunSettings)[];
  return keys.filter((key) => canonical(a[key]) !== canonical(b[key])).map((key) => NAMES[key]);
}

/** Whether models give the numbers that a run began with. */
export function isSameFingerprint(a: RunSettings["fingerprint"], b: RunSettings["fingerprint"]): boolean {
  return canonical(a) === canonical(b);
}

/** Objects with their keys in order, so that equal facts are equal text. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ""
  );
}
