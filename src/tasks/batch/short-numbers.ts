/** Numbers as doubles of at most nine digits, which is what it takes to give each float32 back: half the text that all digits would be. */
export function shortNumbers(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)));
}
