import { createHash } from "node:crypto";
import { InputError } from "../../errors.js";

/** One of several shares of a batch: `number` of `count`, from 1. */
export interface Shard {
  number: number;
  count: number;
}

/** Reads "3/16". @throws InputError `input/option` */
export function parseShard(text: string): Shard {
  const [, number, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (number === undefined || count === undefined || number < 1 || number > count)
    throw new InputError("input/option", `A shard is "i/n" with i from 1 to n, such as 3/16; found "${text}".`, {
      details: { option: "shard" },
    });
  return { number, count };
}

/**
 * Whether an item belongs to a shard. By a hash of its id alone, so that every item is in just one shard and stays there when others come or
 * go.
 */
export function isInShard(id: string, { number, count }: Shard): boolean {
  const [first] = new Uint32Array(new Uint8Array(createHash("sha256").update(id).digest()).buffer, 0, 1);
  return Math.floor((first! / 2 ** 32) * count) === number - 1;
}
