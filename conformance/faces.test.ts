import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FaceDetector } from "../src/tasks/faces/face-detector.js";
import { loadFaceDetector } from "../src/tasks/faces/load-face-detector.js";
import { compareFaces, FACE_BOUNDS, MEDIAPIPE, photo } from "./compare-faces.js";

/** Pictures that vitrail refuses to decode. */
const UNREAD = new Map([["hopper.gif", "GIF is no format of vitrail's"]]);

describe.each(["short", "full"] as const)("the %s range detector against MediaPipe's own", (model) => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await loadFaceDetector({ model });
  });
  afterAll(() => detector.dispose());

  const names = Object.keys(MEDIAPIPE).filter((name) => !UNREAD.has(name));
  it.each(names)(
    "finds the faces of %s: none missing or extra, IoU >= 0.99999, scores and landmarks within 1e-5",
    async (name) => {
      const difference = compareFaces(await detector.detect(photo(name)), MEDIAPIPE[name]!, model);
      expect(difference.extra).toBe(0);
      expect(difference.leastOverlap).toBeGreaterThanOrEqual(FACE_BOUNDS.leastOverlap);
      expect(difference.score).toBeLessThanOrEqual(FACE_BOUNDS.score);
      expect(difference.landmark).toBeLessThanOrEqual(FACE_BOUNDS.landmark);
    },
  );

  it.each([...UNREAD])("refuses %s: %s", async (name) => {
    await expect(detector.detect(photo(name))).rejects.toMatchObject({ code: "image/unsupported-format" });
  });

  it("has photographs with and without faces to compare", () => {
    const counts = Object.values(MEDIAPIPE).map((found) => found[model].length);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(35);
    expect(counts.filter((count) => count === 0).length).toBeGreaterThan(5);
  });
});
