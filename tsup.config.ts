import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { defineConfig } from "tsup";

/** TF.js's packages that dist imports as `#tfjs-core` and so on: package.json#imports says what that is, docs/decisions/tensorflow-in-node.md why. */
const TFJS = /^@tensorflow\/(tfjs-(?:core|layers|backend-cpu))$/;

/** Writes what Node takes for `#name`: TF.js's CommonJS module by `require`, which reads it once. */
async function writeNodeModule(name: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const names = Object.keys(require(`@tensorflow/${name}`)).filter((key) => key !== "default");
  const code = `import { createRequire } from "node:module";\nexport const { ${names.join(", ")} } = createRequire(import.meta.url)("@tensorflow/${name}");\n`;
  await mkdir("dist/node", { recursive: true });
  await writeFile(`dist/node/${name}.js`, code);
}

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
    "onnx-worker": "src/backend/onnxruntime/onnx-worker.js",
  },
  format: "esm",
  target: "node20",
  platform: "neutral",
  external: [/^node:/],
  noExternal: [TFJS], // so that tsup, which leaves dependencies as they are, asks the plugin
  esbuildPlugins: [
    {
      name: "tfjs",
      setup: (build) =>
        build.onResolve({ filter: TFJS }, ({ path }) => ({ path: path.replace(TFJS, "#$1"), external: true })),
    },
  ],
  onSuccess: async () => {
    await Promise.all(["tfjs-core", "tfjs-layers", "tfjs-backend-cpu"].map(writeNodeModule));
  },
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
