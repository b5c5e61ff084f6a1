/** `BASIS[frequency * 8 + place]`: the 8-point DCT of ITU T.81, A.3.3, with its factors in. */
const BASIS = Float64Array.from({ length: 64 }, (_, i) => {
  const [frequency, place] = [i >> 3, i & 7];
  return (frequency === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
});

/** Frequencies of a block of samples, rows first. `[8, 8]` → `[8, 8]`, into `out` */
export function forwardDct(samples: Float64Array, out: Float64Array): void {
  const rows = new Float64Array(64);
  for (let y = 0; y < 8; y++)
    for (let frequency = 0; frequency < 8; frequency++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += samples[y * 8 + x]! * BASIS[frequency * 8 + x]!;
      rows[y * 8 + frequency] = sum;
    }
  for (let frequency = 0; frequency < 8; frequency++)
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let y = 0; y < 8; y++) sum += rows[y * 8 + x]! * BASIS[frequency * 8 + y]!;
      out[frequency * 8 + x] = sum;
    }
}
