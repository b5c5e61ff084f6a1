// Labels of a picture by transformers.js, from an exported folder, as JSON. It runs in tools/bench, whose package has transformers.js.
//
//   node ../onnx/classify.mjs FOLDER PICTURE
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, picture] = process.argv.slice(2);
const installed = createRequire(resolve("package.json")).resolve("@huggingface/transformers");
const { env, pipeline } = await import(pathToFileURL(installed).href);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const classify = await pipeline("image-classification", basename(folder), { dtype: "fp32" });
console.log(JSON.stringify(await classify(picture, { top_k: 3 })));
