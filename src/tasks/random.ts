/** mulberry32: numbers from 0 up to 1, the same for a seed on every machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The list in a random order (Fisher and Yates), in place. */
export function shuffle<List extends Int32Array | unknown[]>(list: List, draw: () => number): List {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(draw() * (last + 1));
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
  return list;
}
