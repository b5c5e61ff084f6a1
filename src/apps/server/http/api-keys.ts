import { createHash, timingSafeEqual } from "node:crypto";
import { ServerError } from "../../../errors.js";

/** The keys that open the server. Compared by their hashes, all of them, so that time tells nothing about any. */
export class ApiKeys {
  private readonly hashes: readonly Buffer[];

  /** @param keys none: open to all */
  constructor(keys: readonly string[]) {
    this.hashes = keys.map(hashOf);
  }

  /**
   * @returns a short name of the key for quotas, never the key; "" where no key is needed
   * @throws ServerError `server/unauthorized`
   */
  check(headers: Headers): string {
    if (this.hashes.length === 0) return "";
    const given = hashOf(keyOf(headers) ?? "");
    let found = -1;
    for (const [i, hash] of this.hashes.entries()) if (timingSafeEqual(hash, given)) found = i;
    if (found < 0)
      throw new ServerError(
        "server/unauthorized",
        'No valid API key. Send it as "Authorization: Bearer KEY" or "x-api-key: KEY".',
      );
    return `key-${found}`;
  }
}

/** Hugging Face, OpenAI and Azure ML send a bearer token; `x-api-key` is for the others. */
function keyOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
  return bearer ?? headers.get("x-api-key") ?? undefined;
}

function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
