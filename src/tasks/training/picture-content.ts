import { createHash } from "node:crypto";
import { type ImageInput, type RawPixels, readImageFile } from "../image-input.js";

/** A picture whose bytes are at hand. */
export interface PictureContent {
  /** sha256 of the bytes, or of the pixels with their size, in hexadecimal: equal for equal pictures, wherever they lie. */
  hash: string;
  image: ImageInput;
}

/**
 * Reads a picture's bytes, once, and tells which they are.
 *
 * @throws InputError `input/file-not-found`, `input/file-unreadable`, `input/url`
 */
export async function readContent(image: ImageInput): Promise<PictureContent> {
  if (typeof image === "string" || image instanceof URL) return ofBytes(await readImageFile(image));
  if (image instanceof Blob) return ofBytes(new Uint8Array(await image.arrayBuffer()));
  if (image instanceof ArrayBuffer) return ofBytes(new Uint8Array(image));
  if (image instanceof Uint8Array) return ofBytes(image);
  const { data, width, height, channels } = (image ?? {}) as RawPixels;
  // What is no picture at all has a hash too, and fails where it is decoded.
  const hash = createHash("sha256").update(`pixels ${width} ${height} ${channels} `);
  if (ArrayBuffer.isView(data)) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { hash: hash.digest("hex"), image };
}

function ofBytes(bytes: Uint8Array): PictureContent {
  return { hash: createHash("sha256").update(bytes).digest("hex"), image: bytes };
}
