// A worker, or a batch that waits for workers, on a task without a model. Run by queue.test.ts, which kills it.
//   worker URL SILENT_MS MILLISECONDS
//   batch URL PICTURES.jsonl OUTPUT PART_SIZE
import process from "node:process";
import { hashTask } from "../../tasks/batch/hash-task.testing.js";
import { runBatch } from "../../tasks/batch/run-batch.js";
import { queueParts } from "./queue-parts.js";
import { workQueue } from "./work-queue.js";

const [role, url, ...words] = process.argv.slice(2) as [string, string, ...string[]];
const { signal } = new AbortController();
if (role === "worker") {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  const [silentMs, milliseconds] = words.map(Number);
  await workQueue({
    ...{ url, load: async () => hashTask(milliseconds), silentMs: silentMs!, signal: stop.signal },
    onPart: ({ part }) => process.stdout.write(`${part}\n`),
  });
} else {
  const [listing, output, partSize] = words as [string, string, string];
  const options = { output, task: "hash", access: { folder: process.cwd() }, partSize: Number(partSize), signal };
  await runBatch(
    { ...options, inputs: [{ listing }], progress: ({ rows }) => process.stdout.write(`${rows}\n`) },
    async () => hashTask(),
    queueParts({ url, spec: { task: "classify", model: "hash" } }),
  );
}
