import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";
import { createServer, type ServerSurroundings, type VitrailServer } from "./create-server.js";
import type { ServerOptions } from "./server-options.js";
import { PUBLIC_WEB } from "./urls/fetch-picture.js";

const here = import.meta.dirname;
const root = join(here, "../../..");
let folder: string;

/** Builds the threads' scripts, as the package has them, for the tests of a file. Node 20 starts no TypeScript as a thread. */
export function withThreads(): void {
  beforeAll(async () => {
    // Inside of the repository, where packages are found.
    folder = mkdtempSync(join(root, "node_modules/.vitrail-threads-"));
    await buildThreads(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
}

/** @param into a folder below the repository's root */
export async function buildThreads(into: string): Promise<void> {
  await build({
    entryPoints: {
      "server-pictures": join(here, "inference/picture-thread.ts"),
      "server-engine": join(here, "inference/engine-thread.ts"),
      worker: join(root, "src/backend/worker.js"),
    },
    outdir: into,
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
  });
}

const testSurroundings = (web = PUBLIC_WEB): ServerSurroundings => ({
  threads: pathToFileURL(`${folder}/`),
  web,
});

/** A server for the time of a test. */
export function testServer(options: ServerOptions, web = PUBLIC_WEB): Promise<VitrailServer> {
  return createServer(options, testSurroundings(web));
}
