import { createHash } from "node:crypto";

/** What a split looks at. */
interface Splittable {
  hash: string;
  labels: readonly string[];
}

/**
 * Parts examples into those to learn from and those to judge by. Which part a picture is in follows from its content, its label and the seed; of each
 * label (of each set of labels) the same share is taken, but at least one picture stays to learn from.
 *
 * @param share for validation, from 0 up to 1
 */
export function splitExamples<Item extends Splittable>(
  examples: readonly Item[],
  share: number,
  seed: number,
): { training: Item[]; validation: Item[] } {
  const strata = new Map<string, Item[]>();
  for (const example of examples) {
    const stratum = [...example.labels].sort().join("\n");
    const alike = strata.get(stratum);
    if (alike) alike.push(example);
    else strata.set(stratum, [example]);
  }
  const validation = new Set<Item>();
  for (const stratum of strata.values()) {
    const count = Math.min(Math.round(stratum.length * share), stratum.length - 1);
    if (count === 0) continue;
    const order = stratum.map((item) => ({ item, place: place(item.hash, seed) }));
    order.sort((a, b) => (a.place < b.place ? -1 : 1));
    for (const { item } of order.slice(0, count)) validation.add(item);
  }
  return {
    training: examples.filter((item) => !validation.has(item)),
    validation: examples.filter((item) => validation.has(item)),
  };
}

function place(hash: string, seed: number): string {
  return createHash("sha256").update(`${seed} ${hash}`).digest("hex");
}
