import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer } from "../../src/apps/server/create-server.js";
import { listen } from "../../src/apps/server/listen.js";
import { buildThreads } from "../../src/apps/server/server.testing.js";
import { PUBLIC_WEB } from "../../src/apps/server/urls/fetch-picture.js";
import { loadModel } from "../../src/tasks/load-model.js";
import { modelFolder, photo } from "./pictures.js";
import { corpora } from "./scenarios/corpora.js";
import { disconnects } from "./scenarios/disconnects.js";
import { drain } from "./scenarios/drain.js";
import { engineKilled } from "./scenarios/engine-killed.js";
import { frozen } from "./scenarios/frozen.js";
import { mutants } from "./scenarios/mutants.js";
import { oddBodies } from "./scenarios/odd-bodies.js";
import { overload } from "./scenarios/overload.js";
import { rightAnswers } from "./scenarios/right-answers.js";
import type { Findings, SoakBuild } from "./soak-build.js";

// The short form of `npm run soak`: the same scenarios, with fewer requests and a model of toy size.
const root = join(import.meta.dirname, "../..");
let folder: string;
let soak: SoakBuild;

beforeAll(async () => {
  folder = mkdtempSync(join(root, "node_modules/.vitrail-soak-"));
  await buildThreads(folder);
  await build({
    entryPoints: { cli: join(root, "src/apps/cli/main.ts") },
    outdir: folder,
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "error",
  });
  const threads = pathToFileURL(`${folder}/`);
  soak = {
    cli: join(folder, "cli.js"),
    createServer: (options) => createServer(options, { threads, web: PUBLIC_WEB }),
    listen,
    loadModel,
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Timings belong to a machine that has nothing else to do; here they are not judged. */
const isTiming = (what: string) => /of the capacity|p99|slowest|memory|in a batch/.test(what);

it.each<[string, () => Promise<Findings>]>([
  [
    "S1, S23: overload",
    () =>
      overload(soak, {
        requests: 500,
        warmUp: 200,
        runs: 2,
        serve: ["--model", `m=${modelFolder("vit-deep")}`],
        name: "vit-deep",
        path: "/embed",
        picture: photo,
      }),
  ],
  ["S3, S4: the right answer to the right request", () => rightAnswers(soak, { requests: 512 })],
  ["S5: drains", () => drain(soak, { times: 2 })],
  ["S6: the engine killed", () => engineKilled(soak, { times: 3 })],
  ["S9: odd bodies", () => oddBodies(soak, { rounds: 1 })],
  ["S10, S11: corpora", () => corpora(soak, { poisonTimes: 2 })],
  ["S12: broken requests", () => mutants(soak, { requests: 1_500 })],
  ["S19: frozen prototypes", () => frozen(soak)],
  ["S24: clients that go away", () => disconnects(soak, { requests: 400 })],
])("%s", async (_, run) => {
  const { figures } = await run();
  expect(figures.filter(({ passes, what }) => !passes && !isTiming(what))).toEqual([]);
});
