import type { loadFaceDetector } from "../src/exports/faces.js";
import { compareFaces, FACE_BOUNDS, type FaceDifference, isWithinBounds, MEDIAPIPE, photo } from "./compare-faces.js";

const MODELS = ["short", "full"] as const;

/** What one detector finds in all photographs, beside what MediaPipe finds. */
interface FaceResult extends FaceDifference {
  model: string;
  photographs: number;
  faces: number;
  passes: boolean;
}

/** Runs the detectors that MediaPipe has on every photograph that vitrail reads, from the file on. */
export async function faceSection(load: typeof loadFaceDetector): Promise<{ lines: string[]; passes: boolean }> {
  const results: FaceResult[] = [];
  for (const model of MODELS) results.push(await compareDetector(load, model));
  const rows = results.map(
    ({ model, photographs, faces, extra, leastOverlap, score, landmark, passes }) =>
      `| ${model} | ${photographs} | ${faces} | ${extra} | ${leastOverlap.toFixed(7)} | ${score.toExponential(1)} | ${landmark.toExponential(1)} | ${passes ? "ok" : "FAIL"} |`,
  );
  const lines = [
    "## BlazeFace",
    "",
    "From the photograph's file to faces, against MediaPipe's own; the worst of all photographs. Lengths are shares of the picture.",
    "",
    "| model | photographs | faces | missing or extra | least overlap (IoU) | score | landmarks | |",
    "|---|--:|--:|--:|--:|--:|--:|---|",
    `| bound | | | ${FACE_BOUNDS.extra} | ${FACE_BOUNDS.leastOverlap} | ${FACE_BOUNDS.score} | ${FACE_BOUNDS.landmark} | |`,
    ...rows,
    "",
  ];
  return { lines, passes: results.every(({ passes }) => passes) };
}

async function compareDetector(load: typeof loadFaceDetector, model: (typeof MODELS)[number]): Promise<FaceResult> {
  const detector = await load({ model });
  const result = { model, photographs: 0, faces: 0, extra: 0, leastOverlap: 1, score: 0, landmark: 0, passes: true };
  try {
    for (const [name, wanted] of Object.entries(MEDIAPIPE)) {
      if (name.endsWith(".gif")) continue; // no format of vitrail's
      const difference = compareFaces(await detector.detect(photo(name)), wanted, model);
      result.photographs++;
      result.faces += wanted[model].length;
      result.extra += Math.abs(difference.extra);
      result.leastOverlap = Math.min(result.leastOverlap, difference.leastOverlap);
      result.score = Math.max(result.score, difference.score);
      result.landmark = Math.max(result.landmark, difference.landmark);
      result.passes &&= isWithinBounds(difference);
    }
  } finally {
    await detector.dispose();
  }
  return result;
}
