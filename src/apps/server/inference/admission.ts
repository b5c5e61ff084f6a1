import { ServerError } from "../../../errors.js";

/** How much of the time to the deadline may be spent waiting: its own batch takes time too, and how long pictures take is known from the last ones only. */
const SHARE_OF_TIME = 0.5;

/** Lets so many pictures in at a time, and says to the rest when to come again. */
export class Admission {
  /** Pictures that were let in and are not answered. */
  pending = 0;
  /** Since when there is no place, in milliseconds of `performance.now()`, and for how many pictures there was. */
  private full: { since: number; pending: number } | undefined;
  /** Running mean of what a picture takes, in seconds. */
  private secondsEach = 0.05;

  /**
   * @param limit pictures
   * @param mostMs longest time that a picture may wait for those before it, in milliseconds: who would wait longer than its deadline is better off elsewhere
   */
  constructor(
    private readonly limit: number,
    private readonly mostMs = Number.POSITIVE_INFINITY,
  ) {}

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
    if (this.pending === this.limit) this.becomesFull();
    return () => {
      this.pending -= pictures;
      // Not at the first place that is free: under load it is taken again at once.
      if (this.full && this.pending <= this.full.pending / 2) this.full = undefined;
    };
  }

  /** @throws ServerError `server/overloaded` where there is no place now */
  check(pictures = 1): void {
    const isInTime = 1000 * this.pending * this.secondsEach <= this.mostMs * SHARE_OF_TIME;
    if (this.pending + pictures <= this.limit && isInTime) return;
    if (pictures === 1) this.becomesFull();
    throw new ServerError("server/overloaded", "The queue is full. Send the request again a little later.", {
      details: { retryAfter: this.retryAfter() },
    });
  }

  /** Learns how long pictures take. */
  measured(seconds: number, pictures: number): void {
    this.secondsEach += 0.2 * (seconds / pictures - this.secondsEach);
  }

  /** Milliseconds for which there has been no place, or one only now and then. */
  get fullMs(): number {
    return this.full ? performance.now() - this.full.since : 0;
  }

  private becomesFull(): void {
    this.full ??= { since: performance.now(), pending: this.pending };
  }

  /** Seconds until those that wait are done, 1 to 60. */
  private retryAfter(): number {
    return Math.min(60, Math.max(1, Math.ceil(this.pending * this.secondsEach)));
  }
}
