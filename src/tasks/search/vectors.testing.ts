/** Standard normal numbers that any machine repeats: mulberry32 and Box-Muller. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Unit vectors around centers, as embeddings of pictures lie: none is far from all others. Vector i belongs to cluster i mod `clusters`.
 *
 * @param spread length of the noise beside a center of length 1
 * @param from number of the first vector: others with the same seed have the same centers
 */
export function clusteredVectors({
  count,
  width,
  clusters,
  spread,
  seed,
  from = 0,
}: {
  count: number;
  width: number;
  clusters: number;
  spread: number;
  seed: number;
  from?: number;
}): Float32Array[] {
  const centers = Array.from({ length: clusters }, (_, i) => unit(width, normals(seed * 1_000_003 + i)));
  return Array.from({ length: count }, (_, i) => {
    const normal = normals(seed * 7_919 + 13 * (from + i) + 1);
    const center = centers[(from + i) % clusters]!;
    const noise = unit(width, normal);
    return normalized(center.map((value, k) => value + spread * noise[k]!));
  });
}

const unit = (width: number, normal: () => number) => normalized(Float32Array.from({ length: width }, normal));

function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}
