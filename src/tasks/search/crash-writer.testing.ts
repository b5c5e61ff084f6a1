// Writes to an index for as long as it lives, and says after each save what is saved. Run by crash.test.ts, which kills it.
import process from "node:process";
import { openIndex } from "./open-index.js";

const WIDTH = 33;
const BATCH = 7;
const index = await openIndex(process.argv[2]!, { threads: 1, precision: process.argv[3] as "float32" });
const from = Number(process.argv[4]);
for (let generation = from; ; generation++) {
  // Each generation is new items, one that every generation replaces, and one of the generation before that goes.
  const items = Array.from({ length: BATCH }, (_, i) => ({ id: `${generation}-${i}`, generation }));
  await index.add(
    [...items, { id: "current", generation }].map(({ id }) => ({
      id,
      vector: new Float32Array(WIDTH).map((_, k) => Math.sin(generation + k) + (id === "current" ? 2 : 0)),
      metadata: { generation },
    })),
  );
  await index.remove([`${generation - 1}-0`]);
  await index.save();
  process.stdout.write(`${generation}\n`);
}
