// What a process takes of the machine's memory: with an empty engine, with a model, after its disposal, and over 50 loads.
import { readFileSync } from "node:fs";
import { serve } from "./serve.mjs";

const { folder, threads, loads } = JSON.parse(process.argv[2]);
/** Mebibytes that the process has. */
const resident = () =>
  process.platform === "linux"
    ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024
    : process.memoryUsage.rss() / 2 ** 20;
/** Longer than the engine waits before it gives its memory back. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

await serve(async () => {
  const { loadModel } = await import("../../dist/index.js");
  const load = () => loadModel(folder, { engine: "vitrail", threads });
  await (await load()).dispose(); // what compiling takes is no weight's
  await pause();
  const empty = resident();
  const model = await load();
  const loaded = resident();
  await model.dispose();
  await pause();
  const disposed = resident();
  const over = [];
  for (let round = 0; round < loads; round++) {
    const again = await load();
    over.push(resident());
    await again.dispose();
  }
  const half = loads >> 1;
  const memory = {
    empty,
    loaded,
    disposed,
    firstHalf: Math.max(...over.slice(0, half)),
    lastHalf: Math.max(...over.slice(half)),
  };
  return { run: () => {}, facts: () => ({ memory }) };
});
