import { InputError } from "../../errors.js";
import type { Closeness } from "./closeness.js";

/** What a quantized model may lose at most, over the calibration pictures. */
export interface Budget {
  /** Least share of pictures with the same best label, or for an encoder the same nearest picture. */
  agreement?: number;
  /** Least cosine of each picture's embedding with its own before. */
  cosine?: number;
  /** Least mean of these cosines. */
  meanCosine?: number;
  /** Greatest mean Kullback-Leibler divergence of the labels' probabilities, in nats. */
  divergence?: number;
}

const BOUNDS: { [Name in keyof Budget]-?: number } = { agreement: 1, cosine: 1, meanCosine: 1, divergence: 1000 };
export const BUDGET_NAMES = Object.keys(BOUNDS) as (keyof Budget)[];

/** @throws InputError `input/option` */
export function checkBudget(budget: Budget): void {
  const fail = (found: string) => {
    const wanted = BUDGET_NAMES.map((name) => `"${name}" from 0 to ${BOUNDS[name]}`).join(", ");
    return new InputError("input/option", `"budget" has ${found}; there are ${wanted}.`, {
      details: { option: "budget" },
    });
  };
  if (typeof budget !== "object" || budget === null || Object.keys(budget).length === 0) throw fail("no limit");
  for (const [name, value] of Object.entries(budget)) {
    const bound = Object.hasOwn(BOUNDS, name) ? BOUNDS[name as keyof Budget] : undefined;
    if (bound === undefined) throw fail(`"${name}"`);
    if (typeof value !== "number" || !(value >= 0 && value <= bound)) throw fail(`${name} ${String(value)}`);
  }
}

/** What is beyond the budget, as sentences' parts ("cosine 0.9941, wanted at least 0.998"); empty when it is met. NaN meets none. */
export function overBudget(found: Closeness, budget: Budget): string[] {
  const pairs: [keyof Budget, number | undefined][] = [
    ["agreement", found.agreement.share],
    ["cosine", found.cosine.least],
    ["meanCosine", found.cosine.mean],
    ["divergence", found.divergence?.mean],
  ];
  return pairs.flatMap(([name, value]) => {
    const limit = budget[name];
    if (limit === undefined || value === undefined) return [];
    const isMet = name === "divergence" ? value <= limit : value >= limit;
    const wanted = name === "divergence" ? "at most" : "at least";
    return isMet ? [] : [`${name} ${value.toPrecision(5)}, wanted ${wanted} ${limit}`];
  });
}
