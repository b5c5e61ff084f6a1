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
