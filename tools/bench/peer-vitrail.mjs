// vitrail on any of its engines: a forward pass from a ready tensor, a classification from a file, or face detection.
import { readFileSync } from "node:fs";
import { pictures, serve } from "./serve.mjs";

const { task, folder, size, batch, file, threads, engine = "vitrail", dtype } = JSON.parse(process.argv[2]);
const options = { engine, threads, ...(dtype && { dtype }) };

await serve(async () => {
  const keepKernels = engine === "wasm" ? await wholeKernels() : () => {};
  const { describeEngine, loadModel } = await import("../../dist/index.js");
  const facts = () => {
    const { engine: name, threads: count, simd, block } = describeEngine();
    return { node: process.versions.node, engine: name, threads: count, simd, block };
  };
  if (task.startsWith("faces")) {
    const { loadFaceDetector } = await import("../../dist/faces.js");
    const detector = await loadFaceDetector({ model: "short", engine, threads });
    keepKernels();
    if (task === "faces forward") return { run: forwardOf(detector), facts };
    const { decodeImage } = await import("../../dist/images.js");
    const image = await decodeImage(readFileSync(file));
    return { run: () => detector.detect(image), facts };
  }
  const model = await loadModel(folder, options);
  keepKernels();
  if (task === "file") return { run: () => model.classify(file), facts };
  const values = pictures(batch * size * size * 3);
  return { run: () => model.runTensor(values, [batch, size, size, 3], { outputs: ["logits"] }), facts };
});

/**
 * vitrail cuts the long sums of TF.js's WebAssembly backend into parts, which are slower and more exact. As a peer it runs as TF.js has it.
 *
 * @returns what puts its own kernels back
 */
async function wholeKernels() {
  const { getKernelsForBackend, registerKernel, unregisterKernel } = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-backend-wasm");
  const own = getKernelsForBackend("wasm");
  return () => {
    for (const kernel of own) {
      unregisterKernel(kernel.kernelName, "wasm");
      registerKernel(kernel);
    }
  };
}

/** A pass of the detector's network alone, which the package does not export: through the fields that hold it. */
function forwardOf(detector) {
  const { pass, settings } = detector.search.detector;
  const values = pictures(settings.size ** 2 * 3);
  const shape = [1, settings.size, settings.size, 3];
  return () => pass.run(values, shape, ["classificators", "regressors"]);
}
