import { readFileSync } from "node:fs";

/** Where a person sees a face. Lengths in pixels, the turn clockwise in degrees. */
export interface SeenFace {
  x: number;
  y: number;
  side: number;
  turn: number;
}

/** By the photograph's name in `conformance/photos`. */
export const FACES_BY_EYE = JSON.parse(readFileSync(new URL("faces-by-eye.json", import.meta.url), "utf8"))
  .photos as Record<string, SeenFace[]>;

/** Boxes of one face share this much of their union: detectors disagree about how far a face reaches, some by twice the area. */
const SAME_FACE = 0.2;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Pairs each face that a person sees with the best box that is left, and says which boxes show no face. */
export function matchFaces<Found extends { box: Box }>(seen: readonly SeenFace[], found: readonly Found[]) {
  const left = [...found];
  const pairs: { seen: SeenFace; found: Found; overlap: number }[] = [];
  for (const face of seen) {
    const best = left.toSorted((a, b) => overlap(face, b.box) - overlap(face, a.box))[0];
    if (!best || overlap(face, best.box) < SAME_FACE) continue;
    left.splice(left.indexOf(best), 1);
    pairs.push({ seen: face, found: best, overlap: overlap(face, best.box) });
  }
  return { pairs, missing: seen.length - pairs.length, extra: left };
}

function overlap({ x, y, side }: SeenFace, box: Box): number {
  const width = Math.min(x + side / 2, box.x + box.width) - Math.max(x - side / 2, box.x);
  const height = Math.min(y + side / 2, box.y + box.height) - Math.max(y - side / 2, box.y);
  if (!(width > 0 && height > 0)) return 0;
  return (width * height) / (side ** 2 + box.width * box.height - width * height);
}
