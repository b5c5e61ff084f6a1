import type { HuffmanCodes } from "./standard-huffman.js";

/** Codes by symbol: `length << 16 | code`. */
export type CodeBook = Uint32Array;

/** Canonical codes in the order of their symbols (ITU T.81, annex C). */
export function codeBook({ counts, symbols }: HuffmanCodes): CodeBook {
  const book = new Uint32Array(256);
  let code = 0;
  let next = 0;
  for (const [index, count] of counts.entries()) {
    for (let i = 0; i < count; i++) book[symbols[next++]!] = ((index + 1) << 16) | code++;
    code <<= 1;
  }
  return book;
}

/** Writes the bits of a scan, with a zero byte after each 0xff, so that no marker arises. */
export class HuffmanWriter {
  private bytes: Uint8Array = new Uint8Array(1 << 16);
  private length = 0;
  private bits = 0;
  private count = 0;

  /** A symbol's code. */
  symbol(book: CodeBook, symbol: number): void {
    const entry = book[symbol]!;
    this.write(entry & 0xffff, entry >>> 16);
  }

  /** A coefficient's own bits: negative ones as their ones' complement (ITU T.81, F.1.2.1). */
  value(value: number, size: number): void {
    this.write(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  /** The scan so far, its last byte filled with ones. */
  end(): Uint8Array {
    if (this.count > 0) this.write((1 << (8 - this.count)) - 1, 8 - this.count);
    return this.bytes.subarray(0, this.length);
  }

  /** At most 16 bits; fewer than 8 wait from the call before. */
  private write(value: number, size: number): void {
    this.bits = (this.bits << size) | value;
    this.count += size;
    while (this.count >= 8) {
      this.count -= 8;
      const byte = (this.bits >> this.count) & 0xff;
      this.push(byte);
      if (byte === 0xff) this.push(0);
    }
    this.bits &= (1 << this.count) - 1;
  }

  private push(byte: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = byte;
  }
}

/** Bits that a coefficient's magnitude takes; 0 for 0. */
export function bitSize(value: number): number {
  return 32 - Math.clz32(Math.abs(value));
}
