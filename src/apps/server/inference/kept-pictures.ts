import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";

/** A picture as it came in, and what was found in it. */
export interface KeptPicture {
  bytes: Uint8Array;
  analysis: FaceAnalysis;
}

/** All together, in bytes; the oldest go first. */
const MOST_BYTES = 64 * 2 ** 20;
/** Longest time, in milliseconds. */
const MOST_MS = 10 * 60_000;

/** Pictures that may be asked for again for a while: in memory, no more than some bytes of them, and gone after some minutes. */
export class KeptPictures {
  private readonly kept = new Map<string, KeptPicture & { timer: NodeJS.Timeout }>();
  private bytes = 0;

  constructor(
    private readonly mostBytes = MOST_BYTES,
    private readonly mostMs = MOST_MS,
  ) {}

  /** Keeps a picture, whose bytes must be its own. One that is larger than all together may be is not kept. */
  keep(id: string, picture: KeptPicture): void {
    this.drop(id);
    this.bytes += picture.bytes.length;
    this.kept.set(id, { ...picture, timer: setTimeout(() => this.drop(id), this.mostMs).unref() });
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= this.mostBytes) return;
      this.drop(oldest);
    }
  }

  get(id: string): KeptPicture | undefined {
    return this.kept.get(id);
  }

  clear(): void {
    for (const id of [...this.kept.keys()]) this.drop(id);
  }

  private drop(id: string): void {
    const found = this.kept.get(id);
    if (!found) return;
    clearTimeout(found.timer);
    this.kept.delete(id);
    this.bytes -= found.bytes.length;
  }
}
