import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrainingError } from "../../../errors.js";
import { makeFolder } from "../../../io/make-folder.js";

/** Tokens that are kept in memory; beyond, a picture's are read from their file for each step. */
const MEMORY_BYTES = 2 ** 30;
/** A file begins with the hash of what follows. */
const HASH_BYTES = 32;

/** A picture's tokens in a store. */
export interface KeptTokens {
  /** The floats, where they are in memory. */
  readonly values?: Float32Array;
  /** Their file, where there is one. */
  readonly path?: string;
}

/**
 * What the frozen blocks make of each picture, `tokens * width` floats by key, so that a picture passes them once. Memory holds up to 1 GiB of them; what does not fit, and
 * all of it where there is a folder, is a file for each picture, whole or not there, with its hash: one that was cut or changed is made anew. Without a folder, the files
 * lie in a temporary one until `dispose`.
 */
export class TokenStore {
  private readonly known = new Map<string, KeptTokens>();
  private temporary: string | undefined;
  private used = 0;
  /** For `extractFeatures`, which saves what waits: here nothing ever does. */
  readonly pending = 0;

  private constructor(
    private readonly own: string | undefined,
    /** Floats of a picture. */
    private readonly size: number,
    private readonly memoryBytes: number,
  ) {}

  /**
   * @param folder kept from run to run; undefined: nothing outlives the process
   * @param fingerprint of the model, its preprocessing and the block; each has a folder of its own in `folder`
   * @param size floats of a picture
   * @throws TrainingError `training/cache` for a folder that can't be made
   */
  static async open(
    folder: string | undefined,
    fingerprint: string,
    size: number,
    memoryBytes = MEMORY_BYTES,
  ): Promise<TokenStore> {
    if (folder === undefined) return new TokenStore(undefined, size, memoryBytes);
    const own = join(folder, createHash("sha256").update(fingerprint).digest("hex").slice(0, 32));
    await makeFolder(own).catch((cause) => {
      throw notKept(own, cause);
    });
    return new TokenStore(own, size, memoryBytes);
  }

  get(key: string): KeptTokens | undefined {
    const kept = this.known.get(key);
    if (kept || this.own === undefined) return kept;
    const path = join(this.own, fileName(key));
    const values = readWhole(path, this.size);
    return values && this.keep(key, values, path);
  }

  /** @param values `[tokens, width]`, taken over. @throws TrainingError `training/cache` */
  add(key: string, values: Float32Array): KeptTokens {
    if (this.own === undefined && this.fits()) return this.keep(key, values);
    const path = join(this.own ?? this.temporaryFolder(), fileName(key));
    attempt(path, () => writeWhole(path, values));
    return this.keep(key, values, path);
  }

  async save(): Promise<void> {}

  /** Copies a picture's tokens to `target`, `[tokens * width]`. @throws TrainingError `training/cache` for a file that vanished meanwhile */
  read({ values, path }: KeptTokens, target: Float32Array): void {
    if (values) target.set(values);
    else readValues(path!, target);
  }

  /** Forgets what memory holds, and removes the temporary files. */
  dispose(): void {
    this.known.clear();
    if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true });
    this.temporary = undefined;
  }

  private fits(): boolean {
    return this.used + this.size * 4 <= this.memoryBytes;
  }

  private keep(key: string, values: Float32Array, path?: string): KeptTokens {
    const kept = { ...(this.fits() && { values }), ...(path !== undefined && { path }) };
    if (kept.values) this.used += this.size * 4;
    this.known.set(key, kept);
    return kept;
  }

  private temporaryFolder(): string {
    this.temporary ??= attempt(tmpdir(), () => mkdtempSync(join(tmpdir(), "vitrail-tokens-")));
    return this.temporary;
  }
}

const fileName = (key: string) => `${createHash("sha256").update(key).digest("hex")}.tokens`;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

function writeWhole(path: string, values: Float32Array): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const bytes = bytesOf(values);
  try {
    writeFileSync(draft, Buffer.concat([hashOf(bytes), bytes]), { flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function readValues(path: string, target: Float32Array): void {
  const bytes = bytesOf(target);
  attempt(path, () => {
    const file = openSync(path, "r");
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = readSync(file, bytes, done, bytes.length - done, HASH_BYTES + done);
        if (count === 0) throw new Error("it ends early");
        done += count;
      }
    } finally {
      closeSync(file);
    }
  });
}

/** Undefined for a file that is not there, or not as it was written. */
function readWhole(path: string, size: number): Float32Array | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined;
  }
  const bytes = file.subarray(HASH_BYTES);
  if (bytes.length !== size * 4 || !hashOf(bytes).equals(file.subarray(0, HASH_BYTES))) return undefined;
  return new Float32Array(new Uint8Array(bytes).buffer);
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw notKept(path, cause);
  }
}

function notKept(path: string, cause: unknown): TrainingError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new TrainingError(
    "training/cache",
    `The tokens of the frozen blocks can't be kept in "${path}" (${code ?? message}). Check the folder and the disk, or name another "cache".`,
    { cause, details: { path, systemCode: code } },
  );
}
