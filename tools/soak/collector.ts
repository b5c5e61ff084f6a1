import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServerProcess } from "./server-process.js";
import { until } from "./soak-build.js";

/** Loaded into every thread of a process: collects garbage again and again while a file is there, and writes what is left of the thread's memory, in bytes. */
const script = (folder: string) => `
import { existsSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
setInterval(() => {
  if (!existsSync(${JSON.stringify(join(folder, "collect"))})) return;
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(${JSON.stringify(folder)} + "/held-" + threadId, String(heapUsed + external));
}, 100).unref();`;
/** Enough for several rounds in each thread. */
const COLLECT_MS = 1_000;
/** Enough for the last round to end. */
const REST_MS = 300;

/** In megabytes. */
export interface Memory {
  /** Of V8 in all threads, with what it holds outside of its heaps. Within a tenth of a megabyte from one time to the next. */
  held: number;
  /** Of the process. V8 gives back what it does not use when it likes, so this goes up and down by a tenth. */
  resident: number;
}

/**
 * Tells what a server holds in memory: what is left when garbage is collected in all of its threads. Without that, resident memory goes up and down by
 * tens of megabytes with what V8 has not collected yet, and grows for the first thousands of requests.
 */
export class Collector {
  private readonly folder = mkdtempSync(join(tmpdir(), "vitrail-collector-"));
  /** For the process whose memory is to be told. */
  readonly nodeArgs: readonly string[];

  constructor() {
    const path = join(this.folder, "collector.mjs");
    writeFileSync(path, script(this.folder));
    this.nodeArgs = ["--expose-gc", "--import", pathToFileURL(path).href];
  }

  /** Memory of a server that has nothing to do. */
  async memoryOf(server: ServerProcess): Promise<Memory> {
    const file = join(this.folder, "collect");
    writeFileSync(file, "");
    await until(COLLECT_MS);
    rmSync(file);
    await until(REST_MS);
    const threads = readdirSync(this.folder).filter((name) => name.startsWith("held-"));
    const bytes = threads.reduce((sum, name) => sum + Number(readFileSync(join(this.folder, name), "utf8")), 0);
    return { held: bytes / 2 ** 20, resident: server.residentMb() };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
