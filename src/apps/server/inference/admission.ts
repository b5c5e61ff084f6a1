import { ServerError } from "../../../errors.js";

/** Lets so many pictures in at a time, and says to the rest when to come again. */
export class Admission {
  /** Pictures that were let in and are not answered. */
  pending = 0;
  /** Since when there is no place, in milliseconds of `performance.now()`. */
  private fullSince: number | undefined;
  /** Running mean of what a picture takes, in seconds. */
  private secondsEach = 0.05;

  constructor(private readonly limit: number) {}

  /**
   * Takes places, or none.
   *
   * @returns gives the places back; may be called once
   * @throws ServerError `server/overloaded`, `server/too-many-pictures` for what would never fit
   */
  enter(pictures: number): () => void {
    if (pictures > this.limit)
      throw new ServerError(
        "server/too-many-pictures",
        `A request may bring ${this.limit} pictures here; found ${pictures}. Send them in several requests.`,
      );
    this.check(pictures);
    this.pending += pictures;
    if (this.pending === this.limit) this.fullSince ??= performance.now();
    return () => {
      this.pending -= pictures;
      this.fullSince = undefined;
    };
  }

  /** @throws ServerError `server/overloaded` where there is no place now */
  check(pictures = 1): void {
    if (this.pending + pictures <= this.limit) return;
    throw new ServerError("server/overloaded", "The queue is full. Send the request again a little later.", {
      details: { retryAfter: this.retryAfter() },
    });
  }

  /** Learns how long pictures take. */
  measured(seconds: number, pictures: number): void {
    this.secondsEach += 0.2 * (seconds / pictures - this.secondsEach);
  }

  /** Milliseconds for which every place has been taken. */
  get fullMs(): number {
    return this.fullSince === undefined ? 0 : performance.now() - this.fullSince;
  }

  /** Seconds until those that wait are done, 1 to 60. */
  private retryAfter(): number {
    return Math.min(60, Math.max(1, Math.ceil(this.pending * this.secondsEach)));
  }
}
