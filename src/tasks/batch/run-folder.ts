import { readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BatchError } from "../../errors.js";
import { tryLock } from "../../io/lock-file.js";
import { makeFolder } from "../../io/make-folder.js";
import { type Append, replaceFile } from "../../io/replace-file.js";
import { differences, type RunSettings, runId } from "./run-settings.js";

const SETTINGS = "run.json";
const PART = /^part-(\d{7,})-(\w+)\.jsonl$/;
/** Age at which the lock of a machine that can't be asked counts as left behind. */
const STALE_MS = 60_000;

/**
 * The folder beside an output in which a run keeps its parts until they are joined. A part appears whole, under its number's name, or not at all;
 * who writes it again writes the same bytes.
 */
export class RunFolder {
  private constructor(
    readonly path: string,
    /** The name of the run whose parts these are. */
    readonly id: string,
    readonly settings: RunSettings,
  ) {}

  /** The folder of an output's run. */
  static pathOf(output: string): string {
    return `${output}.parts`;
  }

  /**
   * Makes the folder, or takes up one that an interrupted run has left.
   *
   * @throws BatchError `batch/another-run` for the parts of other pictures, models or options; `batch/output` where nothing can be written
   */
  static async open(output: string, settings: RunSettings): Promise<RunFolder> {
    const path = RunFolder.pathOf(output);
    const before = await RunFolder.read(path);
    if (before) {
      if (before.id === runId(settings)) return before;
      const differing = differences(before.settings, settings);
      throw new BatchError(
        "batch/another-run",
        `"${path}" holds the parts of another run: ${differing.join(", ")} differ${differing.length === 1 ? "s" : ""}. End that run as it was begun, name another output, or begin anew with --fresh.`,
        { details: { path, differing } },
      );
    }
    await writing(path, async () => {
      await makeFolder(path);
      await replaceFile(join(path, SETTINGS), (append) => append(bytesOf(`${JSON.stringify(settings, null, 2)}\n`)));
    });
    return new RunFolder(path, runId(settings), settings);
  }

  /** What is in a folder; undefined where no run has begun there. @throws BatchError `batch/damaged` */
  static async read(path: string): Promise<RunFolder | undefined> {
    const text = await readFile(join(path, SETTINGS), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const settings = JSON.parse(text) as RunSettings;
      if (typeof settings.inputs.count !== "number" || typeof settings.partSize !== "number") throw new Error("fields");
      return new RunFolder(path, runId(settings), settings);
    } catch (cause) {
      throw new BatchError(
        "batch/damaged",
        `"${join(path, SETTINGS)}" is not what a run writes. Begin anew with --fresh.`,
        {
          cause,
          details: { path },
        },
      );
    }
  }

  /** How many parts there will be. */
  get count(): number {
    return Math.ceil(this.settings.inputs.count / this.settings.partSize);
  }

  /** How many rows a part has. */
  rowsOf(part: number): number {
    const { inputs, partSize } = this.settings;
    return Math.min(partSize, inputs.count - part * partSize);
  }

  /** The parts that are there. */
  async done(): Promise<Set<number>> {
    const names = await readdir(this.path);
    const parts = names.map((name) => PART.exec(name));
    return new Set(parts.flatMap((match) => (match?.[2] === this.id ? Number(match[1]) : [])));
  }

  /** Has the run's name in it: what a worker that was held up writes late can't be taken for a part of the run that came after. */
  fileOf(part: number): string {
    return join(this.path, `part-${String(part).padStart(7, "0")}-${this.id}.jsonl`);
  }

  /** Writes a part, whole or not at all. @throws BatchError `batch/output` */
  async write(part: number, rows: readonly object[]): Promise<void> {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await writing(this.path, () => replaceFile(this.fileOf(part), (append) => append(bytesOf(text))));
  }

  /**
   * Replaces a file outside, whole or not at all. It is written inside the folder, so that what a kill leaves half goes with it.
   *
   * @param content text, or what writes it
   * @throws BatchError `batch/output`; what `content` throws
   */
  async replace(path: string, content: string | ((append: Append) => Promise<void>)): Promise<void> {
    const draft = join(this.path, "draft");
    await writing(path, async () => {
      await replaceFile(draft, typeof content === "string" ? (append) => append(bytesOf(content)) : content);
      await rename(draft, path);
    });
  }

  /** Makes this process the only one that works on the output. @throws BatchError `batch/busy` */
  static async lock(output: string): Promise<() => Promise<void>> {
    await writing(output, () => makeFolder(dirname(output)));
    const attempt = await writing(output, () => tryLock(`${output}.lock`, { staleMs: STALE_MS }));
    if ("release" in attempt) return attempt.release;
    const { pid, host } = attempt.owner ?? {};
    throw new BatchError(
      "batch/busy",
      `Another process works on "${output}" already (${pid ?? "unknown"} on ${host ?? "an unknown machine"}). Wait for its end, or name another output.`,
      { details: { output, pid, host } },
    );
  }

  static async remove(output: string): Promise<void> {
    await writing(output, () => rm(RunFolder.pathOf(output), { recursive: true, force: true }));
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** @throws BatchError `batch/output` for what the operating system refuses */
export async function writing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) throw cause;
    throw new BatchError("batch/output", `"${path}" can't be written (${code}). Make room, or name another output.`, {
      cause,
      details: { path, reason: code },
    });
  }
}
