import { type Look, wholePicture } from "./look.js";

/** Least share of a look's side at which the back camera's network sees faces, upright or not; docs/faces.md has the measurement. */
const SEEN_SHARE = 0.07;
/** Neighbors share a quarter of their side, so that each face up to that size lies whole in one of them; larger ones are seen a level above. */
const STEP = 0.75;
/** Default for the smallest face: this share of the longer side, ... */
const SMALLEST_SHARE = 1 / 40;
/** ... but at least so many pixels. */
const SMALLEST_USUAL = 24;
/** Faces of fewer pixels are not looked for: too few to tell them. */
const SMALLEST_SIDE = 16;

/**
 * Upright looks at a picture, from the whole down to squares in which a face of `smallest` pixels is seen; each level has half the side of
 * the one before. Their number grows with the picture's area over that of the smallest face; by default it is about 30.
 *
 * @param smallest side of the smallest face, pixels. Default: 1/40 of the longer side, at least 24; whatever is asked for, at least 16
 */
export function tiles({ width, height }: { width: number; height: number }, smallest?: number): Look[] {
  const longer = Math.max(width, height);
  // In a strip a face can't be larger than the strip is wide, give or take one that is cut.
  const shorter = Math.max(SMALLEST_SIDE, Math.min(width, height));
  const least = Math.max(
    SMALLEST_SIDE,
    smallest ?? Math.max(SMALLEST_USUAL, Math.min(longer * SMALLEST_SHARE, shorter)),
  );
  const looks = [wholePicture({ width, height })];
  for (let side = longer / 2; 2 * side * SEEN_SHARE > least; side /= 2) {
    if (side * SEEN_SHARE > shorter) continue;
    for (const centerY of centers(height, side))
      for (const centerX of centers(width, side)) looks.push({ centerX, centerY, side, angle: 0 });
  }
  return looks;
}

/** Middles of as few tiles as cover an axis, evenly spaced. */
function centers(length: number, side: number): number[] {
  if (length <= side) return [length / 2];
  const spaces = Math.ceil((length - side) / (STEP * side));
  return Array.from({ length: spaces + 1 }, (_, i) => side / 2 + (i * (length - side)) / spaces);
}
