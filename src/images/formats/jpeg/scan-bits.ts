import { ImageError } from "../../../errors.js";

/** Reads the bits of a scan, without its stuffed zeros, up to the next marker. */
export class ScanBits {
  private buffer = 0;
  private count = 0;
  /** How many of the buffered bits lie behind the scan's end: they may be looked at, not used. */
  private padding = 0;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
  ) {}

  /** The next `count` bits, at most 16, without using them up; zeros behind the end. */
  peek(count: number): number {
    while (this.count < count) this.fill();
    return (this.buffer >> (this.count - count)) & ((1 << count) - 1);
  }

  /** @throws ImageError `image/truncated` at the end of the file, `image/corrupt` at a marker too early */
  skip(count: number): void {
    this.count -= count;
    if (this.count >= this.padding) return;
    const isEnd = this.position + 2 > this.bytes.length;
    throw new ImageError(
      isEnd ? "image/truncated" : "image/corrupt",
      isEnd
        ? `The JPEG ends after ${this.bytes.length} bytes, within its pixels. It is incomplete: get it again.`
        : "The JPEG has a marker within its pixels. It is damaged: get it again.",
      { details: { format: "JPEG", position: this.position } },
    );
  }

  read(count: number): number {
    if (count === 0) return 0;
    const bits = this.peek(count);
    this.skip(count);
    return bits;
  }

  /** A number of `count` bits in JPEG's way: a leading 0 means negative. */
  readSigned(count: number): number {
    const bits = this.read(count);
    return bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
  }

  /** Goes on behind the restart marker that must come now; `index` counts them from 0. */
  restart(index: number): void {
    this.buffer = this.count = this.padding = 0;
    const [first, second] = [this.bytes[this.position], this.bytes[this.position + 1]];
    if (second === undefined)
      throw new ImageError(
        "image/truncated",
        "The JPEG ends before a restart marker. It is incomplete: get it again.",
        {
          details: { format: "JPEG" },
        },
      );
    if (first !== 0xff || second !== 0xd0 + (index % 8))
      throw new ImageError("image/corrupt", "The JPEG lacks a restart marker. It is damaged: get it again.", {
        details: { format: "JPEG", position: this.position },
      });
    this.position += 2;
  }

  private fill(): void {
    const byte = this.bytes[this.position];
    const isEnd = byte === undefined || (byte === 0xff && this.bytes[this.position + 1] !== 0);
    this.buffer = (this.buffer << 8) | (isEnd ? 0 : byte);
    this.count += 8;
    if (isEnd) this.padding += 8;
    else this.position += byte === 0xff ? 2 : 1;
  }
}
