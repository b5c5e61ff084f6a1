import { assertResults } from "./assert-faces.js";
import type { FaceAnalysis } from "./face-analysis.js";

/** How many faces there are in some pictures. */
export interface FaceCount {
  pictures: number;
  faces: number;
  /** Pictures with at least one face. */
  withFaces: number;
  /** Of each picture, in their order. */
  perPicture: number[];
}

/**
 * Counts faces over pictures.
 *
 * @throws InputError `input/face`
 */
export function countFaces(results: readonly Pick<FaceAnalysis, "faces">[]): FaceCount {
  assertResults(results);
  const perPicture = results.map(({ faces }) => faces.length);
  return {
    pictures: results.length,
    faces: perPicture.reduce((sum, count) => sum + count, 0),
    withFaces: perPicture.filter((count) => count > 0).length,
    perPicture,
  };
}
