/** Dot product in float64, in one order. `[width]` each */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < b.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
