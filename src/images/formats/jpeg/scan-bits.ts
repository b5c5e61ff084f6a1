import { ImageError } from "../../../errors.js";

/**
 * Reads the bits of a scan, without its stuffed zeros, up to the next marker.
 *
 * Follows libjpeg in what it does with damaged data: behind an early marker all bits are zero, and a wrong restart marker
 * is looked for, passed by, or waited for.
 */
export class ScanBits {
  private buffer = 0;
  private count = 0;
  /** How many of the buffered bits lie behind the scan's end. */
  private padding = 0;
  /** Bits were wanted behind an early marker: the rest, up to the next restart, is not worth reading. */
  isExhausted = false;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
  ) {}

  /** The next `count` bits, at most 17, without using them up; zeros behind the end. */
  peek(count: number): number {
    while (this.count < count) this.fill();
    return (this.buffer >> (this.count - count)) & ((1 << count) - 1);
  }

  /** @throws ImageError `image/truncated` when bits are wanted that lie behind the end of the file */
  skip(count: number): void {
    this.count -= count;
    if (this.count >= this.padding) return;
    if (this.position + 1 >= this.bytes.length) throw this.truncated();
    this.padding = this.count;
    this.isExhausted = true;
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

  /** Goes on behind the restart marker that must come now; `index` counts them from 0. libjpeg's `jpeg_resync_to_restart`. */
  restart(index: number): void {
    this.buffer = this.count = this.padding = 0;
    for (;;) {
      const marker = this.findMarker();
      const ahead = (marker - 0xd0 - index) & 7;
      const isRestart = marker >= 0xd0 && marker <= 0xd7;
      const isValid = marker >= 0xc0;
      // One of the next two, or no restart at all: this interval is lost, and the marker waits for its turn.
      if ((isValid && !isRestart) || (isRestart && (ahead === 1 || ahead === 2))) return;
      this.position += 2;
      // One of the last two, or nonsense: look further.
      if (!isValid || ahead === 6 || ahead === 7) continue;
      this.isExhausted = false;
      return;
    }
  }

  /** Moves to the next marker and returns its second byte. */
  private findMarker(): number {
    for (; this.position + 1 < this.bytes.length; this.position++) {
      const code = this.bytes[this.position + 1]!;
      if (this.bytes[this.position] === 0xff && code !== 0 && code !== 0xff) return code;
    }
    throw this.truncated();
  }

  private fill(): void {
    const byte = this.bytes[this.position];
    let isEnd = byte === undefined;
    if (byte === 0xff) {
      // Several 0xff before a code are padding.
      while (this.bytes[this.position + 1] === 0xff) this.position++;
      isEnd = this.bytes[this.position + 1] !== 0;
    }
    this.buffer = (this.buffer << 8) | (isEnd ? 0 : byte!);
    this.count += 8;
    if (isEnd) this.padding += 8;
    else this.position += byte === 0xff ? 2 : 1;
  }

  private truncated(): ImageError {
    const { length } = this.bytes;
    return new ImageError(
      "image/truncated",
      `The JPEG ends after ${length} bytes, within its pixels. It is incomplete: get it again.`,
      {
        details: { format: "JPEG", bytes: length },
      },
    );
  }
}
