// @vladmandic/human 3.3.6, detector only, its own defaults but for the number of faces: node peer-human.mjs FOLDER
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { answer } from "./peer.mjs";

const require = createRequire(import.meta.url);
const folder = join(import.meta.dirname, "node_modules/@vladmandic/human");
// Its Node build reads models over HTTP only.
const server = createServer((request, response) => {
  response.end(readFileSync(join(folder, "models", request.url.split("/").at(-1))));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));

const { Human } = require(join(folder, "dist/human.node-wasm.js")); // not among its exports
const off = { enabled: false };
const human = new Human({
  modelBasePath: `http://127.0.0.1:${server.address().port}/`,
  backend: "wasm",
  wasmPath: join(import.meta.dirname, "node_modules/@tensorflow/tfjs-backend-wasm/dist/"),
  cacheSensitivity: 0,
  filter: off,
  face: { detector: { maxDetected: 100, rotation: false }, mesh: off, iris: off, emotion: off, description: off },
  body: off,
  hand: off,
  object: off,
  gesture: off,
});
await human.load();
await answer(async ({ data, width, height }) => {
  const tensor = human.tf.tensor3d(data, [height, width, 3], "int32");
  const { face } = await human.detect(tensor);
  tensor.dispose();
  return face.map(({ box: [x, y, faceWidth, faceHeight], boxScore }) => ({
    box: { x, y, width: faceWidth, height: faceHeight },
    score: boxScore,
  }));
});
server.close();
