// onnxruntime-node on a graph of the same checkpoint.
import { dirname } from "node:path";
import { pictures, serve } from "./serve.mjs";

const { graph, size, batch, threads } = JSON.parse(process.argv[2]);

await serve(async () => {
  const { default: ort } = await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(graph, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    extra: { "session.model_external_initializers_file_folder_path": dirname(graph) },
  });
  const values = new ort.Tensor("float32", pictures(batch * 3 * size * size), [batch, 3, size, size]);
  return { run: () => session.run({ pixel_values: values }), facts: () => ({ node: process.versions.node }) };
});
