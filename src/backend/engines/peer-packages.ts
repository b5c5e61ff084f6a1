import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** A package that the user installed, or did not. */
export interface PeerPackage {
  /** Main file. */
  path: string;
  /** The TF.js core that it computes with, where that is another copy than vitrail's own. */
  foreignCore?: { version: string; folder: string };
}

const CORE = "@tensorflow/tfjs-core";

/**
 * Packages that vitrail works with and does not install: looked for beside vitrail, where npm, pnpm and Yarn put a project's peers, then in
 * the project of the working directory, for a vitrail that is linked or installed globally.
 */
export class PeerPackages {
  /** @param places files or file URLs from which Node's rules look for `node_modules` */
  constructor(private readonly places: () => readonly string[] = usualPlaces) {}

  find(name: string): PeerPackage | undefined {
    for (const place of this.places()) {
      const path = resolveFrom(place, name);
      if (path === undefined) continue;
      const foreignCore = foreignCoreOf(path);
      return { path, ...(foreignCore && { foreignCore }) };
    }
    return undefined;
  }

  /** Runs a package. @throws whatever it throws */
  async load({ path }: PeerPackage): Promise<Record<string, unknown>> {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  }
}

const usualPlaces = () => [import.meta.url, join(process.cwd(), "package.json")];

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch {
    return undefined;
  }
}

/** Two copies of TF.js's core have two registries of gradients and two ways to tell a tensor, so a second one is never computed with. */
function foreignCoreOf(path: string): PeerPackage["foreignCore"] {
  // tfjs-node reaches the core through the union package.
  const core = resolveFrom(resolveFrom(path, "@tensorflow/tfjs") ?? path, CORE);
  if (core === undefined || core === resolveFrom(import.meta.url, CORE)) return undefined;
  const folder = dirname(resolveFrom(core, `${CORE}/package.json`) ?? join(core, "../package.json"));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return { version, folder };
}
