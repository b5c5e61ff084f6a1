// What other programs take of the machine.
import { cpus } from "node:os";

/** Cores that other programs may keep busy before figures are marked as a sketch. */
export const QUIET = 0.15;

/** Cores that other programs keep busy. */
export async function foreignLoad() {
  const busy = () => cpus().reduce((sum, { times: { user, nice, sys } }) => sum + user + nice + sys, 0);
  const [before, start] = [busy(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return (busy() - before) / (performance.now() - start);
}
