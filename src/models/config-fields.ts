import { CheckpointError } from "../errors.js";

/** A parsed JSON object of a checkpoint's folder, with the name that messages give it. */
export interface ConfigFile {
  /** For messages: the file's name. */
  label: string;
  fields: Readonly<Record<string, unknown>>;
}

/** A field is of the wrong kind or out of range. */
export function badField(file: ConfigFile, name: string, wanted: string): CheckpointError {
  const found = JSON.stringify(file.fields[name]) ?? "nothing";
  return new CheckpointError(
    "checkpoint/config",
    `"${name}" in ${file.label} must be ${wanted}; found ${found.length > 80 ? `${found.slice(0, 80)}…` : found}.`,
    { details: { file: file.label, field: name } },
  );
}

/** Absent and `null` are the same in these files. */
function present(file: ConfigFile, name: string): unknown {
  return file.fields[name] ?? undefined;
}

/** A whole number from `least` on; 2^24 is more than any dimension of a model. */
export function integer(file: ConfigFile, name: string, fallback?: number, least = 1): number {
  const value = present(file, name) ?? fallback;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > 2 ** 24)
    throw badField(file, name, `a whole number of at least ${least}`);
  return value as number;
}

/** A finite number. */
export function real(file: ConfigFile, name: string, fallback?: number): number {
  const value = present(file, name) ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value)) throw badField(file, name, "a number");
  return value;
}

/** One of a few names, or true and false. */
export function oneOf<Value extends string | number | boolean>(
  file: ConfigFile,
  name: string,
  allowed: readonly Value[],
  fallback?: Value,
): Value {
  const value = present(file, name) ?? fallback;
  if (!allowed.includes(value as Value))
    throw badField(file, name, `one of ${allowed.map((choice) => JSON.stringify(choice)).join(", ")}`);
  return value as Value;
}

/** Whether a value can be a side of a picture or a patch: whole pixels, and no more than 65,536, which no model takes. */
export function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65536;
}

/** One whole number for both sides, or a pair `[height, width]`. */
export function size(file: ConfigFile, name: string, fallback?: number): { height: number; width: number } {
  const value = present(file, name) ?? fallback;
  const [height, width] = Array.isArray(value) ? value : [value, value];
  if (!isSide(height) || !isSide(width) || (Array.isArray(value) && value.length !== 2))
    throw badField(file, name, "a size in pixels or a pair [height, width]");
  return { height, width };
}

/** Three numbers, one for each of red, green and blue; one number stands for all three. */
export function perChannel(
  file: ConfigFile,
  name: string,
  fallback: readonly [number, number, number],
  sign: "any" | "positive" = "any",
): [number, number, number] {
  const value = present(file, name) ?? fallback;
  const list = Array.isArray(value) ? value : [value, value, value];
  const fits = (part: unknown) => typeof part === "number" && Number.isFinite(part) && (sign === "any" || part > 0);
  if (list.length !== 3 || !list.every(fits))
    throw badField(file, name, `three ${sign === "any" ? "" : "positive "}numbers`);
  return list as [number, number, number];
}

/** Names in the order of the classes, or nothing where the field is absent. */
export function names(file: ConfigFile, name: string): string[] | undefined {
  const value = present(file, name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((part) => typeof part === "string"))
    throw badField(file, name, "a list of names");
  return value;
}

/** A nested object as a file of its own, so that messages name both. */
export function section(file: ConfigFile, name: string): ConfigFile | undefined {
  const value = present(file, name);
  if (value === undefined) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw badField(file, name, "an object");
  return { label: `${file.label} ("${name}")`, fields: value as Record<string, unknown> };
}
