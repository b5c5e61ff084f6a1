import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a program does that has TF.js and has never heard of vitrail: loads a model from a web server and runs it. */
const PROGRAM = `
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";

const [folder, input, shape, backend] = process.argv.slice(1);
const server = createServer((request, response) =>
  readFile(folder + request.url).then((bytes) => response.end(bytes), () => response.writeHead(404).end()));
await new Promise((done) => server.listen(0, "127.0.0.1", done));
await tf.setBackend(backend);
const model = await loadLayersModel(\`http://127.0.0.1:\${server.address().port}/model.json\`);
server.close();
server.closeAllConnections();
const custom = Object.keys(tf.serialization.SerializationMap.getMap().classNameMap).filter((name) => /vitrail/i.test(name));
const { buffer } = new Uint8Array(await readFile(input));
const results = [model.predict(tf.tensor4d(new Float32Array(buffer), JSON.parse(shape)))].flat();
const outputs = await Promise.all(results.map(async (one, i) =>
  ({ name: model.outputNames[i], shape: one.shape, data: Array.from(await one.data()) })));
console.log(JSON.stringify({ custom, outputs }));
`;

export interface PlainResult {
  /** Classes of ours that TF.js knew in that process. */
  custom: string[];
  outputs: { name: string; shape: number[]; data: number[] }[];
}

/**
 * Runs a LayersModel in a process of its own, with nothing but TF.js.
 *
 * @param folder with model.json; gets a file with the input
 * @param values `[batch, height, width, 3]`
 */
export async function runPlainTfjs(
  folder: string,
  values: Float32Array,
  shape: readonly number[],
  backend: "cpu" | "wasm",
): Promise<PlainResult> {
  const input = join(folder, "input.bin");
  writeFileSync(input, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const args = ["--input-type=module", "--eval", PROGRAM, "--", folder, input, JSON.stringify(shape), backend];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  const code = await new Promise((done) => child.on("close", done));
  const text = Buffer.concat(chunks).toString();
  if (code !== 0) throw new Error(`plain TF.js ended with ${code}: ${text}`);
  return JSON.parse(text.trim().split("\n").at(-1)!); // TF.js greets on the lines before
}
