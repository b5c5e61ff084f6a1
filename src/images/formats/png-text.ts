import { ImageError } from "../../errors.js";
import { inflateAtMost } from "../inflate.js";

/** Pillow's `MAX_TEXT_CHUNK` and `MAX_TEXT_MEMORY`: what one compressed chunk, and all together, may inflate to. */
const MAX_TEXT_CHUNK = 2 ** 20;
const MAX_TEXT_MEMORY = 64 * MAX_TEXT_CHUNK;

/** Chunks that hold compressed text, or text that may tell the orientation. */
export const TEXT_CHUNKS = new Set(["iCCP", "tEXt", "zTXt", "iTXt"]);

/** Reads a PNG's text chunks, only as far as the orientation and Pillow's limits need it. */
export class PngTexts {
  exif?: Uint8Array;
  xmp?: string;
  private inflated = 0;

  /** @throws ImageError `image/corrupt` for an unknown compression, or text that inflates too far */
  read(type: string, data: Uint8Array): void {
    const [key, rest] = splitAtZero(data);
    if (type === "iCCP") {
      if (!rest || rest.length === 0) throw corrupt(type, "has no profile");
      this.inflate(type, rest);
    }
    if (type === "tEXt" && rest) this.keep(latin1(key), latin1(rest));
    if (type === "zTXt")
      this.keep(latin1(key), latin1(rest && rest.length > 0 ? this.inflate(type, rest) : new Uint8Array()));
    if (type === "iTXt" && rest) this.readInternational(latin1(key), rest);
  }

  private readInternational(key: string, rest: Uint8Array): void {
    if (rest.length < 2) return;
    const [isCompressed, method] = [rest[0] !== 0, rest[1]];
    const afterLanguage = splitAtZero(rest.subarray(2))[1];
    const text = afterLanguage && splitAtZero(afterLanguage)[1];
    if (!text || (isCompressed && method !== 0)) return;
    this.keep(key, latin1(isCompressed ? this.inflate("iTXt", rest.subarray(1, 2), text) : text));
  }

  private keep(key: string, text: string): void {
    if (key === "XML:com.adobe.xmp") this.xmp = text;
    // ImageMagick's way: "\nexif\n<length>\n<hexadecimal digits in lines>".
    if (key === "Raw profile type exif") this.exif = fromHex(text.split("\n").slice(3).join(""));
  }

  /** @param compressed begins with its method unless `stream` is given beside it */
  private inflate(type: string, compressed: Uint8Array, stream = compressed.subarray(1)): Uint8Array {
    if (compressed[0] !== 0) throw corrupt(type, `uses compression ${compressed[0]}`);
    const text = inflateAtMost(stream, MAX_TEXT_CHUNK);
    if (text === "too-large") throw corrupt(type, `inflates to more than ${MAX_TEXT_CHUNK} bytes`);
    if (text === "corrupt") return new Uint8Array();
    this.inflated += text.length;
    if (this.inflated > MAX_TEXT_MEMORY)
      throw corrupt(type, `and others inflate to more than ${MAX_TEXT_MEMORY} bytes`);
    return text;
  }
}

function corrupt(type: string, what: string): ImageError {
  return new ImageError("image/corrupt", `The PNG's "${type}" chunk ${what}. Save the picture without its metadata.`, {
    details: { format: "PNG", chunk: type },
  });
}

function splitAtZero(data: Uint8Array): [before: Uint8Array, after: Uint8Array | undefined] {
  const zero = data.indexOf(0);
  return zero < 0 ? [data, undefined] : [data.subarray(0, zero), data.subarray(zero + 1)];
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "");
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
