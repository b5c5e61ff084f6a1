import type { Detection } from "./detection.js";
import type { Letterbox } from "./letterbox.js";

/** In pixels, from the picture's upper left corner. */
export interface Point {
  x: number;
  y: number;
}

/** A face in a picture. Lengths in pixels of the picture as EXIF turns it; a box at the border may reach beyond. */
export interface Face {
  box: { x: number; y: number; width: number; height: number };
  /** 0 to 1. */
  score: number;
  /** The subject's right eye, left eye, nose tip, mouth center, right ear, left ear. */
  landmarks: Point[];
}

/** Brings a detection from the model's square back to the picture. */
export function faceInPicture({ score, points }: Detection, { side, left, top }: Omit<Letterbox, "pixels">): Face {
  const inPicture = Array.from({ length: points.length / 2 }, (_, i) => ({
    x: points[2 * i]! * side + left,
    y: points[2 * i + 1]! * side + top,
  }));
  const [topLeft, bottomRight, ...landmarks] = inPicture as [Point, Point];
  const box = { ...topLeft, width: bottomRight.x - topLeft.x, height: bottomRight.y - topLeft.y };
  return { box, score, landmarks };
}
