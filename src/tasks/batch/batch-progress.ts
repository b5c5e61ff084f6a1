import type { BatchRow } from "./column.js";

/** How far a batch is. */
export interface BatchProgress {
  /** Rows that are there, those of an earlier process included. */
  rows: number;
  total: number;
  /** Rows without a result, of those that this process has seen. */
  failures: number;
  /** Pictures in a second, of this process over its last minute; 0 before the first. */
  rate: number;
  /** Seconds; undefined before there is a rate. */
  timeLeft?: number;
}

/** The rate is that of so many milliseconds. */
const WINDOW = 60_000;

/** Keeps count of rows as they come. */
export class ProgressMeter {
  /** Pictures that this process has seen done. */
  made = 0;
  private before = 0;
  private failures = 0;
  private readonly moments: [time: number, made: number][];

  /** @param now in milliseconds */
  constructor(
    private readonly total: number,
    private readonly tell: (progress: BatchProgress) => void = () => {},
    private readonly now: () => number = () => performance.now(),
  ) {
    this.moments = [[now(), 0]];
  }

  /** Rows that were there before this process. */
  skip(rows: number): void {
    this.before += rows;
  }

  add(rows: readonly BatchRow[]): void {
    this.addCount(rows.length, rows.filter(({ error }) => error).length);
  }

  addCount(rows: number, failures = 0): void {
    this.made += rows;
    this.failures += failures;
    const time = this.now();
    this.moments.push([time, this.made]);
    while (this.moments.length > 2 && time - this.moments[1]![0] > WINDOW) this.moments.shift();
    const [since, before] = this.moments[0]!;
    const rate = time > since ? ((this.made - before) * 1000) / (time - since) : 0;
    const done = this.before + this.made;
    const left = rate > 0 ? { timeLeft: (this.total - done) / rate } : {};
    this.tell({ rows: done, total: this.total, failures: this.failures, rate, ...left });
  }
}
