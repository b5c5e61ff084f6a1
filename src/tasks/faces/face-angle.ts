import type { Face } from "./face.js";

/** Eyes nearer to each other than this share of the box's width say nothing about a turn: a profile, or damaged landmarks. */
const LEAST_EYE_DISTANCE = 0.05;

/**
 * How far a face is turned clockwise, in radians from -π to π: the way from the subject's right eye to the left one. 0 where the
 * eyes are missing, no numbers or one place.
 */
export function faceAngle({ box, landmarks }: Pick<Face, "box" | "landmarks">): number {
  const [right, left] = landmarks ?? [];
  if (!right || !left) return 0;
  const across = left.x - right.x;
  const down = left.y - right.y;
  return Math.hypot(across, down) >= LEAST_EYE_DISTANCE * box.width ? Math.atan2(down, across) : 0;
}
