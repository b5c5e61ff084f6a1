import { CheckpointError, VitrailError } from "../errors.js";
import { RECOGNIZED_BYTES, recognizeFormat } from "./foreign-format.js";
import { PositionalFile } from "./positional-file.js";
import { quote } from "./weights-error.js";

const LIMIT_BYTES = 64e6;

/**
 * Reads a JSON object, such as `config.json`, from a file: strict UTF-8 and strict JSON, at most 64 MB. Take its fields with
 * care: they are whatever the file says, `__proto__` may be one of them.
 *
 * @throws CheckpointError `checkpoint/file-missing`, `checkpoint/file-unreadable`, `checkpoint/file-too-large`,
 *   `checkpoint/not-utf8`, `checkpoint/not-json`, `checkpoint/not-an-object`, `checkpoint/other-format`
 */
export async function readJsonFile(path: string): Promise<Record<string, unknown>> {
  const fail = (code: CheckpointError["code"], sentence: string, cause?: unknown) =>
    new CheckpointError(code, `${quote(path)} ${sentence}`, { details: { file: path }, cause });
  const bytes = await readWhole(path, fail);

  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fail("checkpoint/not-utf8", "is not UTF-8 text. Download it again.", cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const format = recognizeFormat(bytes.subarray(0, RECOGNIZED_BYTES));
    if (format !== undefined && format.name !== "a JSON document" && format.name !== "plain text")
      throw fail("checkpoint/other-format", `is ${format.name}; wanted a JSON object. ${format.advice}`, cause);
    throw fail("checkpoint/not-json", `is not JSON (${(cause as Error).message}). Download it again.`, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
    throw fail("checkpoint/not-an-object", `is ${kind} in JSON; wanted an object.`);
  }
  return value as Record<string, unknown>;
}

async function readWhole(
  path: string,
  fail: (code: CheckpointError["code"], sentence: string, cause?: unknown) => CheckpointError,
): Promise<Uint8Array> {
  let file: PositionalFile | undefined;
  try {
    file = await PositionalFile.open(path);
    if (file.bytes > LIMIT_BYTES)
      throw fail(
        "checkpoint/file-too-large",
        `has ${file.bytes} bytes; wanted at most ${LIMIT_BYTES}. Check that it is the right file.`,
      );
    const bytes = new Uint8Array(file.bytes);
    await file.readInto(bytes, 0);
    return bytes;
  } catch (error) {
    if (!(error instanceof VitrailError) || error instanceof CheckpointError) throw error;
    if (error.code === "weights/not-found")
      throw fail("checkpoint/file-missing", "does not exist. Check the path, or download the model again.", error);
    throw fail("checkpoint/file-unreadable", `can't be read: ${error.message}`, error);
  } finally {
    await file?.close();
  }
}
