import { getBackend } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { loadFaceMesh } from "./faces/face-mesh.js";
import { loadFaceAnalyzer } from "./faces/load-face-analyzer.js";
import { loadFaceDetector } from "./faces/load-face-detector.js";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import { packageFile } from "./package-file.js";

const photo = packageFile("conformance/photos/hopper.jpg");
const box = { x: 40, y: 20, width: 40, height: 40 };

it("what is loaded on different engines at once computes where it was told to, and as it does alone", async () => {
  const short = { model: "short" } as const;
  const [onCpu, onVitrail, mesh, model, analyzer] = await Promise.all([
    loadFaceDetector({ ...short, engine: "cpu" }),
    loadFaceDetector({ ...short, engine: "vitrail" }),
    loadFaceMesh(),
    loadModel(tinyModel("vit"), { engine: "cpu" }),
    loadFaceAnalyzer({ detector: short, engine: "vitrail" }),
  ]);
  const uses: [engine: string, use: () => Promise<unknown>][] = [
    ["cpu", () => onCpu.detect(photo)],
    ["vitrail", () => onVitrail.detect(photo)],
    ["cpu", () => model.classify(photo)],
    ["vitrail", () => mesh.landmarks(photo, { box, landmarks: [] })],
    ["cpu", () => onCpu.detect(photo)],
    ["vitrail", () => analyzer.analyze(photo)],
  ];
  const alone: unknown[] = [];
  for (const [engine, use] of uses) {
    alone.push(await use());
    expect(getBackend()).toBe(engine);
  }
  expect(await Promise.all(uses.map(([, use]) => use()))).toEqual(alone);
  await Promise.all([onCpu, onVitrail, mesh, model, analyzer].map((one) => one.dispose()));
});
