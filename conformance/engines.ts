import process from "node:process";
import { type EngineName, ENGINES as KNOWN } from "../src/backend/engine.js";

/** The engines that a clone has. */
const PRESENT: readonly EngineName[] = ["vitrail", "wasm", "cpu"];

/** What the tests of this folder run on: what a clone has, or the one engine that VITRAIL_ENGINE names. */
export const ENGINES: readonly EngineName[] = chosenEngines(process.env.VITRAIL_ENGINE);

function chosenEngines(named: string | undefined): readonly EngineName[] {
  if (named === undefined) return PRESENT;
  const engine = KNOWN.find((name) => name === named);
  if (!engine) throw new Error(`VITRAIL_ENGINE is "${named}"; there are ${KNOWN.join(", ")}.`);
  return [engine];
}
