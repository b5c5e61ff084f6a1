import { InputError } from "../../errors.js";
import type { AgeValue, AttributeValue } from "./attributes/attribute-value.js";
import type { Face, Point } from "./face.js";
import type { FaceAnalysis } from "./face-analysis.js";
import type { FaceQuality } from "./face-quality.js";

/** Pixels: as far as 32-bit sample places of 1/32 pixel reach, with room for a margin. */
const FARTHEST = 2 ** 24;

/**
 * Refuses a face without a box that can be drawn or cut out: finite numbers, and an area.
 *
 * @throws InputError `input/face`
 */
export function assertFace(face: Pick<Face, "box">): void {
  const { x, y, width, height } = face?.box ?? {};
  if ([x, y, width, height].every((value) => Math.abs(value) <= FARTHEST) && width > 0 && height > 0) return;
  throw new InputError(
    "input/face",
    `A face's box of ${width} x ${height} at (${x}, ${y}) is none; wanted pixels of a picture, and an area.`,
  );
}

/**
 * Refuses what is no list of results, each with its faces.
 *
 * @throws InputError `input/face`
 */
export function assertResults(results: readonly { faces: readonly unknown[] }[]): void {
  if (Array.isArray(results) && results.every((result) => Array.isArray(result?.faces))) return;
  throw new InputError(
    "input/face",
    'Wanted a list of what analyzeFaces gives: each an object with its list of "faces".',
  );
}

/**
 * Refuses landmarks that are no points.
 *
 * @throws InputError `input/face`
 */
export function assertPoints(points: readonly Point[]): void {
  const isPoint = (point: Point) => Number.isFinite(point?.x) && Number.isFinite(point?.y);
  if (!Array.isArray(points) || !points.every(isPoint))
    throw new InputError("input/face", `A face's landmarks must be a list of points { x, y } in pixels.`);
}

/**
 * Refuses what is no list of faces.
 *
 * @throws InputError `input/face`
 */
export function assertFaces(faces: readonly Pick<Face, "box">[]): void {
  if (!Array.isArray(faces)) throw new InputError("input/face", `Faces must be a list; found ${typeof faces}.`);
  for (const face of faces) assertFace(face);
}

const QUALITIES = ["size", "visible", "sharpness", "yaw", "pitch", "roll"] as const satisfies (keyof FaceQuality)[];

/**
 * Refuses what is not all that `analyzeFaces` gives for a picture.
 *
 * @throws InputError `input/face`
 */
export function assertAnalysis(result: FaceAnalysis): void {
  assertFaces(result?.faces);
  if (!isSide(result.width) || !isSide(result.height))
    throw new InputError("input/face", `A result has no "width" and "height": wanted what analyzeFaces gives.`);
  for (const { score, quality, attributes } of result.faces) {
    const isWhole =
      Number.isFinite(score) &&
      QUALITIES.every((name) => Number.isFinite(quality?.[name])) &&
      typeof attributes === "object" &&
      attributes !== null &&
      Object.values(attributes).every((value) => value === undefined || isAttribute(value));
    if (!isWhole)
      throw new InputError(
        "input/face",
        `A face lacks its "score", its "quality", or "attributes" with "value", "score" and "scores": wanted what analyzeFaces gives, not detect.`,
      );
  }
}

const isSide = (pixels: number) => Number.isSafeInteger(pixels) && pixels > 0;

function isAttribute(value: AttributeValue | AgeValue): boolean {
  if (typeof value !== "object" || value === null || !Number.isFinite(value.score)) return false;
  if ("interval" in value && !Array.isArray(value.interval)) return false;
  const scores = Object.values(value.scores ?? {});
  return scores.length > 0 && scores.every(Number.isFinite);
}
