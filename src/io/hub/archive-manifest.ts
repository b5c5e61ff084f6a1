import { isSafePath } from "../safe-path.js";
import { CONFIG, INDEX, PREPROCESSOR } from "./cached-files.js";
import { downloadError } from "./download-error.js";
import { COMMIT, checkModelId, checkRevision } from "./model-id.js";

/** First entry of an archive: what the others must be. */
export const MANIFEST = "manifest.json";
/** Where the model's files lie in the archive. */
export const FILES = "files/";

export interface PackedFile {
  path: string;
  bytes: number;
  sha256: string;
  /** Its name in the cache: the SHA-256 again, or git's SHA-1. */
  etag: string;
}

export interface ArchiveManifest {
  format: "vitrail-model";
  version: 1;
  id: string;
  revision: string;
  commit: string;
  files: PackedFile[];
}

/** @throws DownloadError `download/archive` for everything that `packModel` does not write */
export function parseManifest(bytes: Uint8Array, archive: string): ArchiveManifest {
  const refuse = (what: string, cause?: unknown) =>
    downloadError("download/archive", `"${archive}" ${what}. Pack the model again, with vitrail pack.`, {
      details: { archive },
      cause,
    });
  let value: ArchiveManifest;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse(`has a ${MANIFEST} that is no JSON`, cause);
  }
  if (value?.format !== "vitrail-model") throw refuse("is no archive of a model");
  if (value.version !== 1) throw refuse("was packed by a newer vitrail, or is damaged");
  try {
    checkModelId(value.id);
    checkRevision(value.revision);
  } catch (cause) {
    throw refuse("has no id or revision that could be", cause);
  }
  if (typeof value.commit !== "string" || !COMMIT.test(value.commit)) throw refuse("names no commit");
  if (!Array.isArray(value.files) || value.files.length === 0) throw refuse("lists no files");
  for (const file of value.files)
    if (!isModelFile(file?.path) || !Number.isSafeInteger(file.bytes) || file.bytes < 0 || !hasHashes(file))
      throw refuse(`lists ${JSON.stringify(file?.path)?.slice(0, 200)}, which is no file of a model or lacks its hash`);
  if (new Set(value.files.map(({ path }) => path)).size < value.files.length) throw refuse("lists a file twice");
  const { format, version, id, revision, commit, files } = value;
  return { format, version, id, revision, commit, files };
}

function isModelFile(path: unknown): path is string {
  if (typeof path !== "string" || !isSafePath(path)) return false;
  return [CONFIG, PREPROCESSOR, INDEX].includes(path) || path.endsWith(".safetensors");
}

/** One hash stands for both names: what is stored under it must be it. */
function hasHashes({ sha256, etag }: PackedFile): boolean {
  if (typeof sha256 !== "string" || typeof etag !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return false;
  return etag === sha256 || /^[0-9a-f]{40}$/.test(etag);
}
