// @vladmandic/face-api 1.7.15: node peer-face-api.mjs FOLDER (ssd | tiny)
import { createRequire } from "node:module";
import { join } from "node:path";
import { answer } from "./peer.mjs";

const require = createRequire(import.meta.url);
const folder = join(import.meta.dirname, "node_modules/@vladmandic/face-api");
const wasm = require("@tensorflow/tfjs-backend-wasm");
wasm.setWasmPaths(join(import.meta.dirname, "node_modules/@tensorflow/tfjs-backend-wasm/dist/"));
const faceApi = require(join(folder, "dist/face-api.node-wasm.js"));
await faceApi.tf.setBackend("wasm");
await faceApi.tf.ready();

const isTiny = process.argv[3] === "tiny";
const net = isTiny ? faceApi.nets.tinyFaceDetector : faceApi.nets.ssdMobilenetv1;
await net.loadFromDisk(join(folder, "model"));
// Both with the least score that face-api's documentation takes by default.
const options = isTiny
  ? new faceApi.TinyFaceDetectorOptions({ inputSize: 416, scoreThreshold: 0.5 })
  : new faceApi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 });
await answer(async ({ data, width, height }) => {
  const tensor = faceApi.tf.tensor3d(data, [height, width, 3], "int32");
  const found = await faceApi.detectAllFaces(tensor, options);
  tensor.dispose();
  return found.map(({ box: { x, y, width: faceWidth, height: faceHeight }, score }) => ({
    box: { x, y, width: faceWidth, height: faceHeight },
    score,
  }));
});
