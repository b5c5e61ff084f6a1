/** Years of age, both ends included. */
export type AgeRange = readonly [low: number, high: number];

/** Nobody was ever shown to be older: Jeanne Calment died at 122. */
const OLDEST = 122;
/** Where the middle of an open range such as "more than 70" is put, in years above its start: half of the decades that FairFace counts in. */
const OPEN_RANGE_MIDDLE = 5;

/** Data sets mean 70 itself too, whose group before ends with 69: FairFace's "more than 70". */
const OPEN_ABOVE =
  /^(?:morethan|over|above|olderthan|from|>=?|≥)(\d{1,3})$|^(\d{1,3})(?:\+|(?:and|or)(?:over|older|above|more|up)|plus)$/;
/** "under 10" ends with 9, "up to 10" with 10. */
const OPEN_BELOW = /^(?:(lessthan|under|below|youngerthan|<)|upto|<=|≤)(\d{1,3})$/;
const CLOSED = /^(\d{1,3})(?:-|–|—|_|~|to|,)(\d{1,3})$/;
const DECADE = /^(\d{1,2}0)s$/;

/** Reads an age group as checkpoints spell it: "20-29", "(25, 32)", "more than 70", "70+", "under 10", "age_3_9", "20s", "34"; else `undefined`. */
export function ageRange(label: string): AgeRange | undefined {
  const text = label
    .toLowerCase()
    .replace(/^(age|ages|aged)[\s_:]*|years?( old)?|[\s()[\]]/g, "")
    .replace(/^_+|_+$/g, "");
  const closed = CLOSED.exec(text);
  if (closed) return ordered(Number(closed[1]), Number(closed[2]));
  const above = OPEN_ABOVE.exec(text);
  if (above) return ordered(Number(above[1] ?? above[2]), OLDEST);
  const below = OPEN_BELOW.exec(text);
  if (below) return ordered(0, Number(below[2]) - (below[1] ? 1 : 0));
  const decade = DECADE.exec(text);
  if (decade) return ordered(Number(decade[1]), Number(decade[1]) + 9);
  return /^\d{1,3}$/.test(text) ? ordered(Number(text), Number(text)) : undefined;
}

/** The age that stands for a range. */
export function middleOf([low, high]: AgeRange): number {
  return high === OLDEST ? Math.min(low + OPEN_RANGE_MIDDLE, high) : (low + high) / 2;
}

/** "20-29", "70+", "34". */
export function ageRangeText([low, high]: AgeRange): string {
  if (high === OLDEST) return `${low}+`;
  return low === high ? `${low}` : `${low}-${high}`;
}

function ordered(low: number, high: number): AgeRange | undefined {
  return low <= high && high <= OLDEST ? [low, high] : undefined;
}
