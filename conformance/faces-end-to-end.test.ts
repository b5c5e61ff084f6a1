import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cropFace } from "../src/tasks/faces/crop-face.js";
import { loadFaceAnalyzer } from "../src/tasks/faces/load-face-analyzer.js";
import { toScaleflex } from "../src/tasks/faces/services/to-scaleflex.js";
import { toSmartClick } from "../src/tasks/faces/services/to-smart-click.js";
import { readImage } from "../src/tasks/image-input.js";
import { loadModel } from "../src/tasks/load-model.js";
import { seededCheckpoint } from "./seeded-weights.js";

const photo = (name: string) => join(import.meta.dirname, "photos", name);

describe("from a photograph to a service's answer, with a full-size ViT-B/16", () => {
  it("the emotions are those that the model gives each upright crop by itself, within 1e-5, out of one pass", async () => {
    await using model = await loadModel(await seededCheckpoint("vit-base"));
    await using analyzer = await loadFaceAnalyzer({
      detector: { model: "full" },
      attributes: { emotion: model },
      embed: "emotion",
      maxFaces: 4,
    });
    const picture = photo("montage_pd_16.jpg");
    const result = await analyzer.analyze(picture);
    expect(model.passes).toBe(1);
    expect(result.faces).toHaveLength(4);
    const image = await readImage(picture);
    for (const [index, face] of result.faces.entries()) {
      const crop = cropFace(image, face, { margin: 0.2, align: "eyes", square: true }).image;
      const alone = await model.run(crop, { outputs: ["probabilities", "embedding"] });
      const { emotion } = face.attributes;
      for (const [label, score] of Object.entries(emotion!.scores))
        expect(Math.abs(score - alone.probabilities.data[model.labels.indexOf(label)]!)).toBeLessThan(1e-5);
      for (const [i, value] of face.vector!.entries())
        expect(Math.abs(value - alone.embedding.data[i]!)).toBeLessThan(1e-5);

      const answer = toSmartClick(result)[index]!;
      expect(answer.emotion.value).toBe(emotion!.value);
      expect(Object.values(answer.emotion.sentiments).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const { emotions, dominant_emotion } = toScaleflex(result).faces[`face_${index}`]!;
      expect(dominant_emotion).toBe(emotion!.value);
      expect(emotions![dominant_emotion!]).toBe(Math.round(emotion!.score * 1e4) / 100);
    }
  }, 240_000);
});
