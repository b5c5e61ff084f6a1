import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Client } from "../client.js";
import { modelFolder, photo } from "../pictures.js";
import { ServerProcess } from "../server-process.js";
import { bound, type Findings, type SoakBuild, until } from "../soak-build.js";

/** Loaded into every thread of a process: freezes what all objects inherit from once a file is there, and says so by another one. */
const freezer = (folder: string) => `
import { existsSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
const timer = setInterval(() => {
  if (!existsSync(${JSON.stringify(join(folder, "freeze"))})) return;
  clearInterval(timer);
  Object.freeze(Object.prototype);
  Object.freeze(Array.prototype);
  writeFileSync(${JSON.stringify(folder)} + "/frozen-" + threadId, "");
}, 10);
timer.unref();`;

/** The server's own thread, its engine, and at least two that decode. */
const LEAST_THREADS = 4;

/**
 * S19: nothing that answers a request writes to the prototypes of all objects or arrays: with both frozen in every thread, all dialects answer as
 * before. They are frozen only once the models are loaded, since TF.js's Long.js assigns a method called toString as it is loaded.
 */
export async function frozen(build: SoakBuild): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), "vitrail-frozen-"));
  writeFileSync(join(folder, "freezer.mjs"), freezer(folder));
  const model = modelFolder("vit");
  const server = await ServerProcess.start(
    build.cli,
    ["--model", `m=${model}`, "--faces", "--attributes", `emotion=${model}`],
    ["--import", pathToFileURL(join(folder, "freezer.mjs")).href],
  );
  const client = new Client(server.url, 4);
  const poison = { __proto__: null, constructor: { prototype: { polluted: 1 } } };
  const base64 = photo.toString("base64");
  const json: [string, unknown][] = [
    ["/models/m", { ...poison, inputs: base64 }],
    ["/smartclick", { ...poison, image: base64 }],
    ["/scaleflex", { ...poison, image: base64 }],
    ["/score", { ...poison, input_data: { columns: ["image"], data: [base64] } }],
    ["/embed", { ...poison, inputs: base64 }],
    ["/predict", { ...poison, inputs: base64 }],
    ["/v1/embeddings", { ...poison, model: "m", input: base64 }],
    ["/v2/models/m/infer", { inputs: [{ name: "image", datatype: "BYTES", shape: [1], data: [base64] }] }],
  ];
  try {
    const answers = async () => {
      const all = json.map(async ([path, value]) => {
        // A key called __proto__ can be written in JSON only.
        const body = JSON.stringify(value).replace("{", '{"__proto__":{"polluted":1},');
        const answer = await client.send({ path, body, type: "application/json", requestId: "same" });
        return [path, answer.status, answer.body];
      });
      return Promise.all(all);
    };
    const before = await answers();
    writeFileSync(join(folder, "freeze"), "");
    await until(500);
    const threads = readdirSync(folder).filter((name) => name.startsWith("frozen-")).length;
    const after = await answers();
    const differ = after.filter((answer, i) => answer[1] !== 200 || String(answer) !== String(before[i]));
    return {
      id: "S19",
      title: `Object.prototype and Array.prototype frozen in ${threads} threads`,
      figures: [
        bound("threads in which they are frozen", threads, ">=", LEAST_THREADS),
        bound(
          `dialects that answer differently ${differ.map(([path]) => path).join(", ")}`.trim(),
          differ.length,
          "=",
          0,
        ),
      ],
    };
  } finally {
    client.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}
