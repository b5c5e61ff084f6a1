// A peer's side of the benchmark: it loads, runs once, says so, and then runs whenever a line on standard input asks for it.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const send = (message) => process.stdout.write(`@bench ${JSON.stringify(message)}\n`);

/** @param load gives `run`, one forward pass or whatever is measured, and facts about what runs */
export async function serve(load) {
  try {
    const { run, facts } = await load();
    await run();
    send({ ready: facts?.() ?? {} });
    for await (const line of createInterface({ input: process.stdin })) {
      const times = [];
      for (let pass = 0; pass < Number(line); pass++) {
        const start = performance.now();
        await run();
        times.push(performance.now() - start);
      }
      send({ times, peakMegabytes: peakMegabytes() });
    }
    process.exit(0);
  } catch (error) {
    send({ error: `${error.code ?? error.name}: ${error.message}`.split("\n")[0] });
    process.exit(1);
  }
}

/** The largest resident size since the process's program began. What `resourceUsage` tells begins with the size of the process that spawned it. */
function peakMegabytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
}

/** Pictures after preprocessing, any numbers in -1 to 1. */
export function pictures(count) {
  const values = new Float32Array(count);
  for (let index = 0, state = 12345; index < count; index++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    values[index] = state / 0x40000000 - 1;
  }
  return values;
}
