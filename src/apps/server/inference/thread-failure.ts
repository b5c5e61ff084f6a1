import * as errors from "../../../errors.js";

/** An error as it travels between threads, where classes are lost. */
export interface ThreadFailure {
  name: string;
  message: string;
  code?: string;
  details?: Readonly<Record<string, unknown>>;
}

/** What a structured clone can carry of an error. */
export function toFailure(error: unknown): ThreadFailure {
  if (error instanceof errors.VitrailError) {
    const { name, message, code, details } = error;
    return { name, message, code, details: JSON.parse(JSON.stringify(details)) };
  }
  return { name: "Error", message: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
}

/** The error again, of its own class. */
export function fromFailure({ name, message, code, details = {} }: ThreadFailure): Error {
  if (code === undefined) return new Error(message);
  const known = (errors as Record<string, unknown>)[name];
  const Kind = (typeof known === "function" ? known : errors.VitrailError) as typeof errors.VitrailError;
  return new Kind(code, message, { details });
}
