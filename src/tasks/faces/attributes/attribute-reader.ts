import { CheckpointError } from "../../../errors.js";
import { type AgeRange, ageRange, middleOf } from "./age-range.js";
import type { AgeValue, AttributeValue } from "./attribute-value.js";
import { canonicalKey, EMOTIONS, GENDERS, type LabelTable, RACES } from "./canonical-labels.js";

/** A checkpoint's label -> the label that it stands for; `null` leaves it out and spreads its score over the others. */
export type LabelMap = Readonly<Record<string, string | null>>;

/** Turns the scores of one face, in the order of the checkpoint's labels, into an attribute's value. */
export type AttributeReader = (scores: ArrayLike<number>) => AttributeValue | AgeValue;

const TABLES: Readonly<Record<string, LabelTable>> = { emotion: EMOTIONS, gender: GENDERS, race: RACES };

/** Whether the labels of an attribute exclude each other and mean the same in every checkpoint. */
export function isKnownAttribute(name: string): boolean {
  return name === "age" || Object.hasOwn(TABLES, name);
}

/**
 * How an attribute is read out of a checkpoint with these labels: emotion, gender and race by the keys that services use, in their order;
 * age by its ranges; any other attribute as its labels stand.
 *
 * @throws CheckpointError `checkpoint/attribute-labels` for labels that do not map, naming the attribute
 */
export function attributeReader(name: string, labels: readonly string[], map: LabelMap = {}): AttributeReader {
  const stray = Object.keys(map).filter((label) => !labels.includes(label));
  if (stray.length > 0) throw misfit(name, stray, labels, `"labels" names what the checkpoint does not have`);
  const named = labels.map((label) => (Object.hasOwn(map, label) ? map[label]! : label));
  if (name === "age") return ageReader(named, labels);
  const table = Object.hasOwn(TABLES, name) ? TABLES[name]! : undefined;
  const keys = table ? keysOf(name, named, labels, table) : named;
  const used = new Set(keys);
  const order = table ? Object.keys(table).filter((key) => used.has(key)) : [...used].filter((key) => key !== null);
  return (scores) => {
    const sums = summed(keys, scores);
    return { ...best(order, sums), scores: Object.fromEntries(order.map((key) => [key, sums.get(key)!])) };
  };
}

function keysOf(name: string, named: readonly (string | null)[], labels: readonly string[], table: LabelTable) {
  const keys = named.map((label) => (label === null ? null : canonicalKey(table, label)));
  const unknown = labels.filter((_, index) => keys[index] === undefined);
  if (unknown.length > 0) throw misfit(name, unknown, labels, `each must mean one of ${quoted(Object.keys(table))}`);
  if (keys.every((key) => key === null)) throw misfit(name, labels, labels, "at least one must be left");
  return keys as (string | null)[];
}

function ageReader(named: readonly (string | null)[], labels: readonly string[]): AttributeReader {
  const ranges = new Map<string, AgeRange | undefined>();
  for (const label of named) if (label !== null) ranges.set(label, ageRange(label));
  const unknown = labels.filter((_, index) => named[index] !== null && !ranges.get(named[index]!));
  if (unknown.length > 0 || ranges.size === 0)
    throw misfit("age", unknown, labels, `each must be an age or a range of ages such as "20-29" or "more than 70"`);
  const order = [...ranges.keys()];
  return (scores) => {
    const sums = summed(named, scores);
    const { value: label, score } = best(order, sums);
    const interval = ranges.get(label)!;
    const expected = order.reduce((sum, key) => sum + sums.get(key)! * middleOf(ranges.get(key)!), 0);
    const all = Object.fromEntries(order.map((key) => [key, sums.get(key)!]));
    return { value: middleOf(interval), score, scores: all, interval, expected };
  };
}

/** Scores by key; where labels were left out, the rest is brought back to the sum that all had. */
function summed(keys: readonly (string | null)[], scores: ArrayLike<number>): Map<string, number> {
  const sums = new Map<string, number>();
  let all = 0;
  let kept = 0;
  for (const [index, key] of keys.entries()) {
    all += scores[index]!;
    if (key === null) continue;
    kept += scores[index]!;
    sums.set(key, (sums.get(key) ?? 0) + scores[index]!);
  }
  if (kept !== all && kept > 0) for (const [key, sum] of sums) sums.set(key, (sum * all) / kept);
  return sums;
}

/** The first of the best. */
function best(order: readonly string[], sums: ReadonlyMap<string, number>): { value: string; score: number } {
  const value = order.reduce((top, key) => (sums.get(key)! > sums.get(top)! ? key : top));
  return { value, score: sums.get(value)! };
}

function misfit(name: string, wrong: readonly string[], labels: readonly string[], wanted: string): CheckpointError {
  return new CheckpointError(
    "checkpoint/attribute-labels",
    `Attribute "${name}": the labels ${quoted(wrong)} do not fit; ${wanted}. The checkpoint has ${quoted(labels)}. Use the checkpoint of this attribute, or say what its labels mean: { model, labels: { "${wrong[0] ?? labels[0]}": … } }.`,
    { details: { attribute: name, labels: wrong } },
  );
}

function quoted(words: readonly string[]): string {
  const shown = words.slice(0, 12).map((word) => JSON.stringify(word));
  return shown.join(", ") + (words.length > shown.length ? ", …" : "");
}
