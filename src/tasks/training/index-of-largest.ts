/** The first of the largest, counted from `from`; of all, or of those before `to`. */
export function indexOfLargest(values: ArrayLike<number>, from = 0, to = values.length): number {
  let best = from;
  for (let i = from + 1; i < to; i++) if (values[i]! > values[best]!) best = i;
  return best - from;
}
