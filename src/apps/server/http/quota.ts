import { ServerError } from "../../../errors.js";

/** So many requests for each key in a span of time, given back evenly. */
export class Quota {
  private readonly left = new Map<string, { tokens: number; at: number }>();

  /**
   * @param perMinute requests of a key; absent: no limit
   * @param now in milliseconds
   */
  constructor(
    private readonly perMinute: number | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws ServerError `server/quota` */
  spend(key: string): void {
    if (this.perMinute === undefined) return;
    const now = this.now();
    const { tokens, at } = this.left.get(key) ?? { tokens: this.perMinute, at: now };
    const perMs = this.perMinute / 60_000;
    const filled = Math.min(this.perMinute, tokens + (now - at) * perMs);
    this.left.set(key, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
    if (filled < 1)
      throw new ServerError("server/quota", "This key's requests for the minute are used up.", {
        details: { retryAfter: Math.ceil((1 - filled) / perMs / 1000) },
      });
  }
}
