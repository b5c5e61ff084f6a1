import { readFileSync } from "node:fs";
import type { Face } from "../src/tasks/faces/face.js";
import { overlap } from "../src/tasks/faces/weighted-nms.js";

interface MediaPipeFace {
  score: number;
  /** x, y, width, height; relative to the picture, as the keypoints. */
  box: [number, number, number, number];
  keypoints: [number, number][];
}
/** What MediaPipe finds in a photograph; see tools/reference/mediapipe_detections.py. */
export type MediaPipeResult = { size: [width: number, height: number] } & Record<"short" | "full", MediaPipeFace[]>;

/** By the photograph's name in `conformance/photos`. */
export const MEDIAPIPE = JSON.parse(readFileSync(new URL("mediapipe.json", import.meta.url), "utf8")).images as Record<
  string,
  MediaPipeResult
>;

export const photo = (name: string) => new URL(`photos/${name}`, import.meta.url);

/** Largest differences from MediaPipe's faces; lengths relative to the picture. */
export interface FaceDifference {
  /** Found by us, less those that MediaPipe found. */
  extra: number;
  leastOverlap: number;
  score: number;
  landmark: number;
}

/** Reasons stand in docs/numerics.md. */
export const FACE_BOUNDS: FaceDifference = { extra: 0, leastOverlap: 0.99999, score: 1e-5, landmark: 1e-5 };

/** Compares faces in their order, best first. */
export function compareFaces(faces: readonly Face[], result: MediaPipeResult, model: "short" | "full"): FaceDifference {
  const [width, height] = result.size;
  const difference = { extra: faces.length - result[model].length, leastOverlap: 1, score: 0, landmark: 0 };
  for (const [i, { box, score, landmarks }] of faces.slice(0, result[model].length).entries()) {
    const expected = result[model][i]!;
    const [x, y, boxWidth, boxHeight] = expected.box;
    const [left, top] = [box.x / width, box.y / height];
    const ours = Float64Array.of(left, top, left + box.width / width, top + box.height / height);
    const theirs = Float64Array.of(x, y, x + boxWidth, y + boxHeight);
    difference.leastOverlap = Math.min(difference.leastOverlap, overlap(ours, theirs));
    difference.score = Math.max(difference.score, Math.abs(score - expected.score));
    for (const [point, { x, y }] of landmarks.entries()) {
      const [expectedX, expectedY] = expected.keypoints[point]!;
      const apart = Math.max(Math.abs(x / width - expectedX), Math.abs(y / height - expectedY));
      difference.landmark = Math.max(difference.landmark, apart);
    }
  }
  return difference;
}

export function isWithinBounds({ extra, leastOverlap, score, landmark }: FaceDifference): boolean {
  return (
    extra === FACE_BOUNDS.extra &&
    leastOverlap >= FACE_BOUNDS.leastOverlap &&
    score <= FACE_BOUNDS.score &&
    landmark <= FACE_BOUNDS.landmark
  );
}
