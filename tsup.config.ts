import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    safetensors: "src/exports/safetensors.ts",
    images: "src/exports/images.ts",
    faces: "src/exports/faces.ts",
    nn: "src/exports/nn.ts",
    search: "src/exports/search.ts",
    training: "src/exports/training.ts",
    server: "src/exports/server.ts",
    "server-engine": "src/apps/server/inference/engine-thread.ts",
    "server-pictures": "src/apps/server/inference/picture-thread.ts",
    cli: "src/apps/cli/main.ts",
    worker: "src/backend/worker.js",
  },
  format: "esm",
  target: "node20",
  platform: "neutral",
  external: [/^node:/],
  dts: {
    entry: {
      index: "src/index.ts",
      safetensors: "src/exports/safetensors.ts",
      images: "src/exports/images.ts",
      faces: "src/exports/faces.ts",
      nn: "src/exports/nn.ts",
      search: "src/exports/search.ts",
      server: "src/exports/server.ts",
      training: "src/exports/training.ts",
    },
  },
  splitting: true,
  clean: true,
});
