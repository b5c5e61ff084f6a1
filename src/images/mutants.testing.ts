/** A seeded generator of whole numbers below `limit` (mulberry32): failing mutants can be made again. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** A damaged copy: up to four bytes or runs of bytes changed, cut out, put in; now and then the end is missing. */
export function mutant(bytes: Uint8Array, random: (limit: number) => number): Uint8Array {
  let damaged = [...bytes];
  for (let i = 0; i <= random(4); i++) {
    // Half of the damage goes where headers are.
    const at = random(random(2) ? damaged.length + 1 : Math.min(damaged.length + 1, 100));
    const kind = random(7);
    if (kind < 3) damaged[Math.min(at, damaged.length - 1)] = random(256);
    else if (kind === 3) damaged[Math.min(at, damaged.length - 1)] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
    else if (kind === 4) damaged.splice(at, random(8));
    else if (kind === 5) damaged.splice(at, 0, ...Array.from({ length: random(6) }, () => random(256)));
    else if (random(3) === 0) damaged = damaged.slice(0, at);
  }
  return Uint8Array.from(damaged);
}
