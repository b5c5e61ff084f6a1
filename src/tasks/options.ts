import { InputError } from "../errors.js";

/** Refuses what is no option, so that a misspelled one does not pass in silence. */
export function checkOptionNames(options: object, allowed: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new InputError(
      "input/option",
      `Options must be an object; found ${options === null ? "null" : typeof options}.`,
    );
  const unknown = Object.keys(options).find((name) => !allowed.includes(name));
  if (unknown !== undefined)
    throw new InputError(
      "input/option",
      `There is no option "${unknown}"; there are ${allowed.map((name) => `"${name}"`).join(", ")}.`,
      {
        details: { option: unknown, allowed },
      },
    );
}

function badOption(option: string, value: unknown, wanted: string): InputError {
  const found = typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : typeof value;
  return new InputError("input/option", `"${option}" must be ${wanted}; found ${found}.`, { details: { option } });
}

/** A value of which the caller knows whether it is of the right kind, or nothing. */
export function kindOption(option: string, value: unknown, isRight: boolean, wanted: string): void {
  if (value !== undefined && !isRight)
    throw new InputError("input/option", `"${option}" must be ${wanted}; found ${typeof value}.`, {
      details: { option },
    });
}

/** A whole number from `least` to `most`, or nothing. */
export function wholeOption(option: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (value === undefined) return;
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw badOption(
      option,
      value,
      most === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${least}`
        : `a whole number from ${least} to ${most}`,
    );
}

/** A finite number, or nothing. */
export function realOption(option: string, value: unknown): void {
  if (value !== undefined && !Number.isFinite(value)) throw badOption(option, value, "a number");
}

/** A number from `least` to `most`, or nothing. */
export function rangeOption(option: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (!((value as number) >= least && (value as number) <= most) || typeof value !== "number")
    throw badOption(option, value, `a number from ${least} to ${most}`);
}

/** Text, or nothing. */
export function textOption(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string") throw badOption(option, value, "text");
}

/** The path of a file or folder, or nothing. */
export function pathOption(option: string, value: unknown): void {
  const isPath = typeof value === "string" && value !== "" && !value.includes("\0");
  kindOption(option, value, isPath, "the path of a file or folder");
}

/** What nearly every long call may be given. */
export function callOptions({ signal, progress }: { signal?: unknown; progress?: unknown }): void {
  kindOption("signal", signal, signal instanceof AbortSignal, "the signal of an AbortController");
  kindOption("progress", progress, typeof progress === "function", "a function");
}

/** One of a few values, or nothing. */
export function choiceOption(option: string, value: unknown, choices: readonly (string | boolean)[]): void {
  if (value !== undefined && !choices.includes(value as string))
    throw badOption(option, value, `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`);
}
