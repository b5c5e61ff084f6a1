// Runs a batch of a list to its end, unless it is killed. Run by killed.test.ts: PICTURES.jsonl OUTPUT PART_SIZE MILLISECONDS.
import process from "node:process";
import { hashTask } from "./hash-task.testing.js";
import { runBatch } from "./run-batch.js";

const [listing, output, partSize, milliseconds] = process.argv.slice(2);
await runBatch(
  {
    inputs: [{ listing: listing! }],
    output: output!,
    task: "hash",
    access: { folder: process.cwd() },
    partSize: Number(partSize),
    progress: ({ rows }) => process.stdout.write(`${rows}\n`),
    signal: new AbortController().signal,
  },
  async () => hashTask(Number(milliseconds)),
);
