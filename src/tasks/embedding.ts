/** How a picture's tokens become one vector. */
export interface EmbeddingOptions {
  /**
   * `"class"`: the class token. `"mean"`: the average of the patches. `"pooler"`: the dense layer that some encoders have over the class
   * token. Default: what the model's classifier reads.
   */
  pool?: "class" | "mean" | "pooler";
  /** Whether vectors are brought to length 1, so that a dot product is the cosine. Default true. */
  normalize?: boolean;
}

/** The vector at length 1; a zero vector stays. `[width]` → `[width]` */
export function unitLength(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Cosine of the angle between two vectors, from -1 to 1; 0 where one of them is zero. Each `[width]` */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    lengthA += a[i]! * a[i]!;
    lengthB += b[i]! * b[i]!;
  }
  return lengthA === 0 || lengthB === 0 ? 0 : product / Math.sqrt(lengthA * lengthB);
}
