import { ImageError } from "../../../errors.js";
import type { ScanBits } from "./scan-bits.js";

const FAST_BITS = 9;
const MAX_BITS = 16;

/** A canonical Huffman code of JPEG (ITU T.81, annex C). */
export class HuffmanTable {
  /** For every next `FAST_BITS` bits: length x 256 + symbol, or 0 where the code is longer. */
  private readonly fast = new Uint16Array(1 << FAST_BITS);
  /** By length: the first code, the first code that is too large, and where its symbols begin. */
  private readonly first = new Int32Array(MAX_BITS + 1);
  private readonly limit = new Int32Array(MAX_BITS + 1);
  private readonly start = new Int32Array(MAX_BITS + 1);

  /**
   * @param counts how many codes of 1 to 16 bits
   * @param symbols in the order of their codes
   * @throws ImageError `image/corrupt` when there are more codes than their lengths allow
   */
  constructor(
    counts: Uint8Array,
    private readonly symbols: Uint8Array,
  ) {
    let code = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      this.first[length] = code;
      this.start[length] = index;
      for (let i = 0; i < counts[length - 1]!; i++, code++, index++) {
        if (length > FAST_BITS) continue;
        const spare = FAST_BITS - length;
        this.fast.fill(length * 256 + symbols[index]!, code << spare, (code + 1) << spare);
      }
      this.limit[length] = code;
      // libjpeg refuses a code of ones only, too.
      if (code >= 1 << length) throw corrupt();
      code <<= 1;
    }
  }

  /** The next symbol; 0 for bits that are no code, as libjpeg. */
  read(bits: ScanBits): number {
    const fast = this.fast[bits.peek(FAST_BITS)]!;
    if (fast > 0) {
      bits.skip(fast >> 8);
      return fast & 255;
    }
    const next = bits.peek(MAX_BITS);
    for (let length = FAST_BITS + 1; length <= MAX_BITS; length++) {
      const code = next >> (MAX_BITS - length);
      if (code >= this.limit[length]!) continue;
      bits.skip(length);
      return this.symbols[this.start[length]! + code - this.first[length]!]!;
    }
    bits.skip(MAX_BITS + 1);
    return 0;
  }
}

function corrupt(): ImageError {
  return new ImageError("image/corrupt", "The JPEG's Huffman codes are impossible. It is damaged: get it again.", {
    details: { format: "JPEG" },
  });
}
