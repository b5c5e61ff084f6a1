// vitrail on any of its engines: a forward pass from a ready tensor, a classification from a file, or face detection.
import { readFileSync } from "node:fs";
import { pictures, serve } from "./serve.mjs";

const { task, folder, size, batch, file, threads, engine = "vitrail", dtype } = JSON.parse(process.argv[2]);
const options = { engine, threads, ...(dtype && { dtype }) };

await serve(async () => {
  const { describeEngine, loadModel } = await import("../../dist/index.js");
  const facts = () => {
    const { engine: name, threads: count, simd, block } = describeEngine();
    return { node: process.versions.node, engine: name, threads: count, simd, block };
  };
  if (task === "faces") {
    const { loadFaceDetector } = await import("../../dist/faces.js");
    const { decodeImage } = await import("../../dist/images.js");
    const detector = await loadFaceDetector({ model: "short", engine, threads });
    const image = await decodeImage(readFileSync(file));
    return { run: () => detector.detect(image), facts };
  }
  const model = await loadModel(folder, options);
  if (task === "file") return { run: () => model.classify(file), facts };
  const values = pictures(batch * size * size * 3);
  return { run: () => model.runTensor(values, [batch, size, size, 3], { outputs: ["logits"] }), facts };
});
