import { findBackend, findBackendFactory, type KernelBackend, setBackend } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { EngineDescription, EngineName } from "../engine.js";
import type { PeerPackage, PeerPackages } from "./peer-packages.js";
import { proveBackend } from "./prove-backend.js";

/** A TF.js backend of a package that the user may have installed. */
export interface PeerEngine {
  readonly name: EngineName;
  /** As TF.js registers it. */
  readonly backend: string;
  /** In the order in which they are loaded; the last registers the backend. */
  readonly packages: readonly string[];
  /** Sets up what has to be there before a package is loaded. */
  prepare?(options: { threads?: number | undefined }): void;
  /** Hears what a package exports, before the next is loaded. @returns why the engine is not to be taken unless it is asked for by name */
  loaded?(exports: Record<string, unknown>): Promise<string | undefined>;
  /** Looks at the running backend. @returns why it does not do what its name says */
  refuse?(backend: KernelBackend): string | undefined;
  /** Puts right what would miss our bar. Comes before the first use of each running backend. */
  mend?(): void;
  describe(backend: KernelBackend): Pick<EngineDescription, "threads" | "simd" | "device">;
}

export interface StartOptions {
  threads?: number | undefined;
  /** "named": the user asked for this engine; "automatic": only if nothing speaks against it. */
  choice: "named" | "automatic";
}

/**
 * Loads an engine's packages, makes it the active TF.js backend and has it compute something.
 *
 * @throws EngineError `engine/not-installed`, `engine/two-cores`, `engine/failed`
 */
export async function startPeerEngine(
  engine: PeerEngine,
  packages: PeerPackages,
  { threads, choice }: StartOptions,
): Promise<void> {
  const checkDoubts = () => {
    if (choice === "automatic" && doubts.has(engine)) throw new Error(doubts.get(engine));
  };
  // The user's program may have loaded it already.
  if (!findBackendFactory(engine.backend)) {
    const found = engine.packages.map((name) => findPackage(engine, name, packages));
    engine.prepare?.({ threads });
    await withReason(engine, async () => {
      for (const one of found) {
        const exports = await packages.load(one);
        const doubt = await engine.loaded?.(exports);
        if (doubt) doubts.set(engine, doubt);
        checkDoubts();
      }
    });
  }
  await withReason(engine, async () => {
    checkDoubts();
    if (!(await setBackend(engine.backend))) throw new Error("TF.js could not start the backend");
    const backend = findBackend(engine.backend);
    const objection = engine.refuse?.(backend);
    if (objection) throw new Error(objection);
    if (proven.has(backend)) return;
    engine.mend?.();
    await proveBackend();
    proven.add(backend);
  });
}

/** What `loaded` has found to say against an engine. */
const doubts = new WeakMap<PeerEngine, string>();
/** Backends that have shown that they compute. */
const proven = new WeakSet<KernelBackend>();

const installHint = ({ packages }: PeerEngine) => `npm install ${packages.join(" ")}`;

function findPackage(engine: PeerEngine, name: string, packages: PeerPackages): PeerPackage {
  const found = packages.find(name);
  if (!found)
    throw new EngineError(
      "engine/not-installed",
      `The engine "${engine.name}" needs the package "${name}", which is not installed. Install it: ${installHint(engine)}`,
      { details: { engine: engine.name, package: name } },
    );
  const { foreignCore } = found;
  if (foreignCore)
    throw new EngineError(
      "engine/two-cores",
      `"${name}" computes with its own copy of TF.js (tfjs-core ${foreignCore.version} in "${foreignCore.folder}"), so tensors can't pass between it and vitrail. Install one that fits, then make them share: ${installHint(engine)} && npm dedupe`,
      { details: { engine: engine.name, package: name, core: foreignCore } },
    );
  return found;
}

async function withReason(engine: PeerEngine, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).trim().split("\n");
    const reason = line!.trim().replace(/\.$/, "");
    throw new EngineError(
      "engine/failed",
      `The engine "${engine.name}" does not work here: ${reason}. Mend it (${installHint(engine)}), or take another engine.`,
      { details: { engine: engine.name, reason }, cause },
    );
  }
}
