/** Years of age, both ends included. */
export type AgeRange = readonly [low: number, high: number];

/** Nobody was ever shown to be older: Jeanne Calment died at 122. */
const OLDEST = 122;
/** Where the middle of an open range such as "more than 70" is put, in years above its start: half of the decades that FairFace counts in. */
const OPEN_RANGE_MIDDLE = 5;

const OPEN_ABOVE =
  /^(?:morethan|over|above|olderthan|from|>=?)\s*(\d{1,3})$|^(\d{1,3})\s*(?:\+|andover|andolder|andabove|ormore|plus)$/;
const OPEN_BELOW = /^(?:lessthan|under|below|youngerthan|upto|<=?)\s*(\d{1,3})$/;
const CLOSED = /^(\d{1,3})(?:-|–|—|_|to|,)(\d{1,3})$/;

/** Reads an age group as checkpoints spell it: "20-29", "(25, 32)", "more than 70", "70+", "under 10", "age_3_9", "34"; else `undefined`. */
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
  if (below) return ordered(0, Number(below[1]));
  return /^\d{1,3}$/.test(text) ? ordered(Number(text), Number(text)) : undefined;
}

/** The age that stands for a range. */
export function middleOf([low, high]: AgeRange): number {
  return high === OLDEST ? Math.min(low + OPEN_RANGE_MIDDLE, high) : (low + high) / 2;
}

function ordered(low: number, high: number): AgeRange | undefined {
  return low <= high && high <= OLDEST ? [low, high] : undefined;
}
