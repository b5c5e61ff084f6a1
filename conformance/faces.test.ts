import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Face } from "../src/tasks/faces/face.js";
import type { FaceDetector } from "../src/tasks/faces/face-detector.js";
import { loadFaceDetector } from "../src/tasks/faces/load-face-detector.js";
import { overlap } from "../src/tasks/faces/weighted-nms.js";

interface MediaPipeFace {
  score: number;
  /** x, y, width, height; relative to the picture, as the keypoints. */
  box: [number, number, number, number];
  keypoints: [number, number][];
}
type Found = { size: [width: number, height: number] } & Record<"short" | "full", MediaPipeFace[]>;

const { images } = JSON.parse(readFileSync(new URL("mediapipe.json", import.meta.url), "utf8")) as {
  images: Record<string, Found>;
};
/** Pictures that vitrail refuses to decode. */
const UNREAD = new Map([["hopper.gif", "GIF is no format of vitrail's"]]);
const photo = (name: string) => new URL(`photos/${name}`, import.meta.url);

/** Corners of a face's box, relative to the picture. */
const cornersOf = ({ box: { x, y, width, height } }: Face, [pictureWidth, pictureHeight]: Found["size"]) =>
  Float64Array.of(x / pictureWidth, y / pictureHeight, (x + width) / pictureWidth, (y + height) / pictureHeight);

describe.each(["short", "full"] as const)("the %s range detector against MediaPipe's own", (model) => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await loadFaceDetector({ model });
  });
  afterAll(() => detector.dispose());

  const read = Object.entries(images).filter(([name]) => !UNREAD.has(name));
  it.each(read)(
    "finds the faces of %s: none missing or extra, IoU >= 0.99999, scores and landmarks within 1e-5",
    async (name, found) => {
      const faces = await detector.detect(photo(name));
      expect(faces.length).toBe(found[model].length);
      for (const [i, face] of faces.entries()) {
        const { score, box, keypoints } = found[model][i]!;
        const [x, y, width, height] = box;
        const reference = Float64Array.of(x, y, x + width, y + height);
        expect(overlap(cornersOf(face, found.size), reference)).toBeGreaterThanOrEqual(0.99999);
        expect(Math.abs(face.score - score)).toBeLessThan(1e-5);
        for (const [point, { x, y }] of face.landmarks.entries()) {
          expect(Math.abs(x / found.size[0] - keypoints[point]![0])).toBeLessThan(1e-5);
          expect(Math.abs(y / found.size[1] - keypoints[point]![1])).toBeLessThan(1e-5);
        }
      }
    },
  );

  it.each([...UNREAD])("refuses %s: %s", async (name) => {
    await expect(detector.detect(photo(name))).rejects.toMatchObject({ code: "image/unsupported-format" });
  });

  it("has photographs with and without faces to compare", () => {
    const counts = Object.values(images).map((found) => found[model].length);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(35);
    expect(counts.filter((count) => count === 0).length).toBeGreaterThan(5);
  });
});
