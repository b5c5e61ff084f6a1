// transformers.js from a picture's file to labels, on local files.
import { basename, dirname } from "node:path";
import { serve } from "./serve.mjs";

const { folder, file, threads } = JSON.parse(process.argv[2]);

await serve(async () => {
  const { env, pipeline } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const classify = await pipeline("image-classification", basename(folder), {
    dtype: "fp32",
    session_options: { intraOpNumThreads: threads },
  });
  return { run: () => classify(file), facts: () => ({ node: process.versions.node }) };
});
