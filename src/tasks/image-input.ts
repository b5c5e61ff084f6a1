import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { InputError } from "../errors.js";
import { type DecodeOptions, decodeImage } from "../images/decode-image.js";
import type { Image } from "../images/image.js";

/** Pixels as they come from a canvas, sharp or a camera: HWC, 0-255, row by row without padding. */
export interface RawPixels {
  data: Uint8Array | Uint8ClampedArray;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1: gray, 3: RGB, 4: RGBA (alpha is dropped, as Pillow's `convert("RGB")` does). Default: `data.length / (width * height)`. */
  channels?: 1 | 3 | 4;
}

/** A picture: a path, a `file:` URL, encoded bytes (JPEG, PNG, WebP, BMP), a Blob, or raw pixels. */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | Blob | RawPixels;

/**
 * Reads any kind of picture to RGB pixels, turned as its EXIF orientation says.
 *
 * @throws InputError `input/image` for what is no picture input, `input/file-not-found`, `input/file-unreadable`; ImageError for bytes that can't be decoded
 */
export async function readImage(input: ImageInput, options: DecodeOptions = {}): Promise<Image> {
  options.signal?.throwIfAborted();
  if (typeof input === "string" || input instanceof URL) return decodeImage(await readImageFile(input), options);
  if (input instanceof Uint8Array) return decodeImage(input, options);
  if (input instanceof ArrayBuffer) return decodeImage(new Uint8Array(input), options);
  if (input instanceof Blob) return decodeImage(new Uint8Array(await input.arrayBuffer()), options);
  if (typeof input === "object" && input !== null && "data" in input) return fromRawPixels(input);
  throw new InputError(
    "input/image",
    `A picture must be a path, a URL, bytes, a Blob or { data, width, height }; found ${describe(input)}.`,
  );
}

/**
 * The bytes of a picture's file.
 *
 * @throws InputError `input/file-not-found`, `input/file-unreadable`, `input/url`
 */
export async function readImageFile(location: string | URL): Promise<Uint8Array> {
  const path = filePath(location);
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new InputError("input/file-not-found", `There is no file "${path}". Check the path.`, {
        cause,
        details: { path },
      });
    throw new InputError("input/file-unreadable", `"${path}" can't be read (${code ?? "unknown reason"}).`, {
      cause,
      details: { path, reason: code },
    });
  }
}

function filePath(location: string | URL): string {
  const text = String(location);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return text;
  if (text.startsWith("file:")) {
    try {
      return fileURLToPath(text);
    } catch (cause) {
      throw new InputError("input/url", `"${text}" is no path on this machine.`, { cause, details: { url: text } });
    }
  }
  throw new InputError(
    "input/url",
    `"${text.slice(0, 60)}" is not read: only paths and file: URLs are. Fetch it yourself and pass the bytes.`,
    { details: { scheme: text.slice(0, text.indexOf(":")) } },
  );
}

/** Checked copy of raw pixels as RGB. `[height, width, channels]` → `[height, width, 3]` */
function fromRawPixels({ data, width, height, channels }: RawPixels): Image {
  const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
  if (!isSize(width) || !isSize(height))
    throw new InputError(
      "input/pixels",
      `Raw pixels need a width and height in whole pixels; found ${width} x ${height}.`,
    );
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw new InputError("input/pixels", `Raw pixels must be a Uint8Array of values 0-255; found ${describe(data)}.`);
  const pixels = width * height;
  const stride = channels ?? data.length / pixels;
  if (![1, 3, 4].includes(stride) || data.length !== pixels * stride)
    throw new InputError(
      "input/pixels",
      `${width} x ${height} pixels with ${channels ?? "1, 3 or 4"} channels need ${channels ? pixels * channels : `${pixels}, ${pixels * 3} or ${pixels * 4}`} bytes; found ${data.length}.`,
      { details: { width, height, channels, bytes: data.length } },
    );
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * stride;
    rgb[pixel * 3] = data[from]!;
    rgb[pixel * 3 + 1] = data[stride === 1 ? from : from + 1]!;
    rgb[pixel * 3 + 2] = data[stride === 1 ? from : from + 2]!;
  }
  return { data: rgb, width, height, channels: 3 };
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `${typeof value}`;
}
