import type { Face } from "./face.js";
import { overlap, weightedNms } from "./weighted-nms.js";

/** Merges faces that were found several times, in different looks, by weighted non-maximum suppression; best first. */
export function mergeFaces(faces: readonly Face[]): Face[] {
  return weightedNms(faces.map(toDetection)).map(({ score, points }) => {
    const [left, top, right, bottom] = points as unknown as [number, number, number, number];
    const landmarks = Array.from({ length: points.length / 2 - 2 }, (_, i) => ({
      x: points[2 * i + 4]!,
      y: points[2 * i + 5]!,
    }));
    return { box: { x: left, y: top, width: right - left, height: bottom - top }, score, landmarks };
  });
}

/** Shared area of two faces' boxes over the area that they cover together; 0 to 1. */
export function faceOverlap(a: Face, b: Face): number {
  return overlap(corners(a), corners(b));
}

function toDetection(face: Face) {
  const { score, landmarks } = face;
  return { score, points: Float64Array.of(...corners(face), ...landmarks.flatMap(({ x, y }) => [x, y])) };
}

function corners({ box: { x, y, width, height } }: Face): Float64Array {
  return Float64Array.of(x, y, x + width, y + height);
}
