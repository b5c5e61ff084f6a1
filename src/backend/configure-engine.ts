import { findBackendFactory } from "@tensorflow/tfjs-core";
import { InputError } from "../errors.js";
import { isRevectorizationWished } from "./threads-node.js";
import { BACKEND_NAME } from "./vitrail-backend.js";

export interface EngineConfiguration {
  /**
   * "paired" lets V8 join pairs of WebAssembly's 128-bit operations to the processor's 256 bits: up to twice the speed, on x64 and Node 24 or
   * newer. It is a flag of V8 that is experimental and holds for all WebAssembly that the process compiles from then on, so the process's owner
   * has to ask for it, here or by `VITRAIL_REVECTORIZE=1`. Where the engine's self-test fails with it, it is switched off again.
   */
  vectors: "single" | "paired";
}

const configured: Partial<EngineConfiguration> = {};

/**
 * Settings of the engine "vitrail" that hold for the process. Before its first use.
 *
 * @throws InputError `input/option` for what is no setting, `input/engine-started`
 */
export function configureEngine(configuration: EngineConfiguration): void {
  const vectors = (configuration as EngineConfiguration | undefined | null)?.vectors;
  if (vectors !== "single" && vectors !== "paired")
    throw new InputError(
      "input/option",
      'configureEngine needs { vectors: "single" } or { vectors: "paired" }; it has no other setting.',
      { details: { option: "vectors" } },
    );
  if (findBackendFactory(BACKEND_NAME))
    throw new InputError(
      "input/engine-started",
      "The engine has started already; call configureEngine before the first model is loaded.",
    );
  configured.vectors = vectors;
}

/** What `configureEngine`, or else the environment, says. */
export function isRevectorizationAsked(): boolean {
  return configured.vectors ? configured.vectors === "paired" : isRevectorizationWished();
}
