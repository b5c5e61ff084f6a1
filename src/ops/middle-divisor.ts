/** The largest divisor of a whole number that is no more than its square root: into so many parts of equal size a long sum is split. */
export function middleDivisor(value: number): number {
  let divisor = Math.floor(Math.sqrt(value));
  while (value % divisor !== 0) divisor--;
  return divisor;
}
