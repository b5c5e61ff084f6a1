/** A face before it is brought back to the picture. */
export interface Detection {
  /** 0 to 1. */
  readonly score: number;
  /**
   * Eight points x, y, as fractions of the model's square input: top left and bottom right of the box, then the subject's right eye,
   * left eye, nose tip, mouth center, right and left ear.
   */
  readonly points: Float64Array;
}
