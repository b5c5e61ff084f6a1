import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOnnx, loadModel, type VisionModel } from "../../src/index.js";

// Exported folders in the programs that they are for: Python's onnxruntime (PYTHON may name one) and transformers.js, which npm run bench installs.

const root = join(import.meta.dirname, "../..");
const bench = join(root, "tools/bench");
const hasTransformers = existsSync(join(bench, "node_modules/@huggingface/transformers"));
const python = [process.env.PYTHON, join(root, "tools/reference/.venv/bin/python"), "python3"].find(
  (command) => command && spawnSync(command, ["-c", "import onnxruntime"], { stdio: "ignore" }).status === 0,
);

const picture = join(root, "conformance/photos/astronaut.png");
let folder: string;
let model: VisionModel;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-export-"));
  const source = join(root, "conformance/models/vit");
  await exportOnnx(source, { out: join(folder, "vit") });
  await exportOnnx("blazeface-short", { out: join(folder, "face") });
  model = await loadModel(source, { engine: "vitrail" });
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

describe.skipIf(!python)(`Python's onnxruntime${python ? "" : " (skipped: no Python has it)"}`, () => {
  const run = (graph: string): Record<string, number[]> =>
    JSON.parse(execFileSync(python!, [join(import.meta.dirname, "run_graph.py"), graph], { encoding: "utf8" }));

  it("gives the logits and the embedding of an exported ViT", async () => {
    const { height, width } = model.config.architecture.image;
    const plane = height * width;
    const values = Float32Array.from({ length: plane * 3 }, (_, i) => {
      const [place, channel] = [Math.floor(i / 3), i % 3];
      return ((channel * plane + place) % 255) / 127.5 - 1;
    });
    const wanted = await model.runTensor(values, [1, height, width, 3], { outputs: ["logits", "embedding"] });
    const found = run(join(folder, "vit/onnx/model.onnx"));
    for (const name of ["logits", "embedding"] as const)
      for (const [i, value] of wanted[name].data.entries()) expect(found[name]![i]).toBeCloseTo(value, 4);
  });

  it("loads an exported BlazeFace", () => {
    const found = run(join(folder, "face/onnx/model.onnx"));
    expect(found.classificators!.length).toBe(896);
    expect(found.regressors!.length).toBe(896 * 16);
    expect(found.classificators!.every(Number.isFinite)).toBe(true);
  });
});

describe.skipIf(!hasTransformers)(
  `transformers.js${hasTransformers ? "" : " (skipped: npm run bench installs it)"}`,
  () => {
    it("labels a picture with an exported ViT as vitrail does", async () => {
      const script = join(import.meta.dirname, "classify.mjs");
      const answer = execFileSync(process.execPath, [script, join(folder, "vit"), picture], {
        cwd: bench,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      const found = JSON.parse(answer) as { label: string; score: number }[];
      const wanted = await model.classify(picture, { topK: 3 });
      // It resizes pictures by a library of its own, whose pixels differ.
      expect(found[0]!.label).toBe(wanted[0]!.label);
      for (const { label, score } of wanted)
        expect(found.find((one) => one.label === label)!.score).toBeCloseTo(score, 1);
    });
  },
);
