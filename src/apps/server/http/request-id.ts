import { randomUUID } from "node:crypto";

/** The client's own id for its request, if it is one that logs can carry; else a new one. */
export function requestIdOf(given: string | null): string {
  return given !== null && /^[A-Za-z0-9_-]{1,64}$/.test(given) ? given : randomUUID();
}
