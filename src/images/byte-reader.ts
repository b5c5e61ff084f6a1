import { ImageError } from "../errors.js";

type Endian = "little" | "big";

/** Reads numbers from encoded bytes; a read past the end is an ImageError, never a RangeError. */
export class ByteReader {
  private readonly view: DataView;
  position = 0;

  /** @param label what is read, for the message: `"PNG"` */
  constructor(
    readonly bytes: Uint8Array,
    private readonly label: string,
    private readonly endian: Endian,
    private readonly code: "image/truncated" | "image/corrupt" = "image/corrupt",
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  uint8(): number {
    return this.view.getUint8(this.advance(1));
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2), this.endian === "little");
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4), this.endian === "little");
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Four letters. */
  tag(): string {
    return String.fromCharCode(...this.take(4));
  }

  private advance(length: number): number {
    const start = this.position;
    if (start + length > this.bytes.length)
      throw new ImageError(
        this.code,
        `The ${this.label} ends after ${this.bytes.length} bytes; ${start + length} were promised. It is damaged or incomplete: get it again.`,
        { details: { format: this.label, bytes: this.bytes.length, wanted: start + length } },
      );
    this.position = start + length;
    return start;
  }
}
