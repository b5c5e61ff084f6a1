import { realpath, stat } from "node:fs/promises";
import { weightsError } from "../../io/weights-error.js";

interface Stamp {
  /** Links followed. */
  path: string;
  version: string;
}

/**
 * What files were when a model was loaded from them, for an engine that opens them by their names later on: it must get the same bytes.
 */
export class FileStamps {
  private constructor(private readonly stamps: ReadonlyMap<string, Stamp>) {}

  static async of(files: readonly string[]): Promise<FileStamps> {
    return new FileStamps(new Map(await Promise.all(files.map(async (file) => [file, await stampOf(file)] as const))));
  }

  /** Where a file lies, links followed. */
  pathOf(file: string): string {
    return this.stamps.get(file)!.path;
  }

  get paths(): string[] {
    return [...this.stamps.values()].map(({ path }) => path);
  }

  /** @throws WeightsFileError `weights/file-changed` where one was moved, replaced or written to */
  async check(): Promise<void> {
    for (const [file, { version }] of this.stamps) {
      const now = await stampOf(file).catch(() => undefined);
      if (now?.version !== version)
        throw weightsError(
          "weights/file-changed",
          file,
          `${now ? "was replaced or written to" : "was moved or removed"} while the model was open. Load the model again.`,
        );
    }
  }
}

async function stampOf(file: string): Promise<Stamp> {
  const path = await realpath(file);
  const { dev, ino, size, mtimeMs } = await stat(path);
  return { path, version: [dev, ino, size, mtimeMs].join(" ") };
}
