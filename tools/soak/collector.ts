import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServerProcess } from "./server-process.js";
import { until } from "./soak-build.js";

/** Loaded into every thread of a process: collects garbage again and again while a file is there. */
const script = (file: string) => `
import { existsSync } from "node:fs";
setInterval(() => {
  if (existsSync(${JSON.stringify(file)})) globalThis.gc();
}, 100).unref();`;
/** Enough for several rounds in each thread. */
const COLLECT_MS = 1_000;

/**
 * Tells what a server holds in memory: what is left when garbage is collected in all of its threads. Without that, resident memory goes up and down by
 * tens of megabytes with what V8 has not collected yet, and grows for the first ten thousands of requests.
 */
export class Collector {
  private readonly folder = mkdtempSync(join(tmpdir(), "vitrail-collector-"));
  private readonly file = join(this.folder, "collect");
  /** For the process whose memory is to be told. */
  readonly nodeArgs: readonly string[];

  constructor() {
    const path = join(this.folder, "collector.mjs");
    writeFileSync(path, script(this.file));
    this.nodeArgs = ["--expose-gc", "--import", pathToFileURL(path).href];
  }

  /** Resident memory of a server that has nothing to do, in megabytes. */
  async residentMb(server: ServerProcess): Promise<number> {
    writeFileSync(this.file, "");
    await until(COLLECT_MS);
    const resident = server.residentMb();
    rmSync(this.file);
    return resident;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
