import { ImageError } from "../../errors.js";
import { ByteReader } from "../byte-reader.js";
import { checkSize, type DecodeContext } from "../limits.js";
import { ascii, startsWith } from "../sniff-format.js";

export interface JpegComponent {
  readonly id: number;
  /** Samples of this component across and down, in the block grid that all share: 1 to 4. */
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
}

/** What a JPEG's markers say, from its first byte to its last. */
export interface JpegOutline {
  readonly width: number;
  readonly height: number;
  readonly process: "sequential" | "progressive";
  readonly components: JpegComponent[];
  /** Whether there is a JFIF marker: then three components are YCbCr. */
  readonly hasJfif: boolean;
  /** The Adobe marker's color transform; `undefined` without that marker. */
  readonly adobeTransform?: number;
  /** Whether the end marker is there. */
  readonly isComplete: boolean;
  readonly exif?: Uint8Array;
  readonly xmp?: string;
}

const MARKER = { soi: 0xd8, eoi: 0xd9, sos: 0xda, app0: 0xe0, app1: 0xe1, app14: 0xee } as const;
const XMP_PREFIX = "http://ns.adobe.com/xap/1.0/\0";
/** Progressive scans repeat work over the whole picture, so a small file could ask for hours of it. */
const MAX_SCANNED_PIXELS = 1_000_000_000;
const UNSUPPORTED_FRAMES: Record<number, string> = {
  195: "lossless coding",
  197: "hierarchical coding",
  198: "hierarchical coding",
  199: "hierarchical coding",
  201: "arithmetic coding",
  202: "arithmetic coding",
  203: "arithmetic coding",
  205: "arithmetic coding",
  206: "arithmetic coding",
  207: "arithmetic coding",
};

/**
 * Walks all markers without decoding, and checks the size.
 *
 * @throws ImageError `image/corrupt`, `image/unsupported`, `image/too-large`
 */
export function outlineJpeg(bytes: Uint8Array, context: DecodeContext): JpegOutline {
  const reader = new ByteReader(bytes, "JPEG", "big");
  const exif: Uint8Array[] = [];
  let frame: Pick<JpegOutline, "width" | "height" | "process" | "components"> | undefined;
  let hasJfif = false;
  let adobeTransform: number | undefined;
  let xmp: string | undefined;
  let scans = 0;
  let marker = nextMarker(reader);
  for (; marker !== undefined && marker !== MARKER.eoi; marker = nextMarker(reader)) {
    if (!hasSegment(marker)) continue;
    const segment = takeSegment(reader, scans > 0);
    if (!segment) break;
    if (marker === MARKER.sos) scans++;
    if (frame && scans * frame.width * frame.height > MAX_SCANNED_PIXELS && scans > 1)
      throw new ImageError(
        "image/too-large",
        `The JPEG has ${scans} or more scans of ${frame.width} x ${frame.height} pixels.`,
        {
          details: { format: "JPEG", scans },
        },
      );
    if (scans > 0) continue;
    if (isFrame(marker)) frame = readFrame(marker, segment, context);
    if (marker === MARKER.app0 && startsWith(segment, 0, ascii("JFIF\0")) && segment.length >= 14) hasJfif = true;
    if (marker === MARKER.app1 && startsWith(segment, 0, ascii("Exif\0\0"))) exif.push(segment.subarray(6));
    if (marker === MARKER.app1 && startsWith(segment, 0, ascii(XMP_PREFIX)))
      xmp = new TextDecoder("latin1").decode(segment.subarray(XMP_PREFIX.length));
    if (marker === MARKER.app14 && startsWith(segment, 0, ascii("Adobe")) && segment.length >= 12)
      adobeTransform = segment[11];
  }
  if (!frame || scans === 0) throw corrupt(frame ? "has no pixels" : "has no frame header");
  return { ...frame, hasJfif, adobeTransform, isComplete: marker === MARKER.eoi, exif: join(exif), xmp };
}

/** Skips to behind the next marker and returns its second byte; `undefined` at the end of the file. */
export function nextMarker(reader: ByteReader): number | undefined {
  const { bytes } = reader;
  for (let at = bytes.indexOf(0xff, reader.position); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1];
    if (code === undefined) break;
    // Stuffed zeros and restart markers belong to a scan; 0xff 0xff is padding.
    if (code === 0 || code === 0xff || (code >= 0xd0 && code <= 0xd7)) continue;
    reader.position = at + 2;
    return code;
  }
  reader.position = bytes.length;
  return undefined;
}

/** Whether a length and data follow this marker. */
export function hasSegment(marker: number): boolean {
  return marker >= 0xc0 && marker !== MARKER.soi && marker !== MARKER.eoi;
}

export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** A marker's data; behind the first scan a cut one is no error here, but the end of the walk: `undefined`. */
function takeSegment(reader: ByteReader, mayBeCut: boolean): Uint8Array | undefined {
  if (mayBeCut && reader.remaining < 2) return undefined;
  const length = reader.uint16();
  if (length < 2) throw corrupt(`has a segment of length ${length}`);
  if (mayBeCut && reader.remaining < length - 2) return undefined;
  return reader.take(length - 2);
}

function readFrame(marker: number, segment: Uint8Array, context: DecodeContext) {
  const unsupported = UNSUPPORTED_FRAMES[marker];
  if (unsupported) throw notRead(`uses ${unsupported}`);
  const reader = new ByteReader(segment, "JPEG", "big");
  const bits = reader.uint8();
  const height = reader.uint16();
  const width = reader.uint16();
  const count = reader.uint8();
  if (bits !== 8) throw notRead(`has ${bits} bits a sample`);
  checkSize("JPEG", width, height, context);
  if (count !== 1 && count !== 3 && count !== 4) throw notRead(`has ${count} components`);
  const components = Array.from({ length: count }, (): JpegComponent => {
    const [id, sampling, quantization] = [reader.uint8(), reader.uint8(), reader.uint8()];
    return { id, across: sampling >> 4, down: sampling & 15, quantization };
  });
  if (components.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4))
    throw corrupt("has a sampling factor outside 1 to 4");
  const process = marker === 0xc2 ? ("progressive" as const) : ("sequential" as const);
  return { width, height, process, components };
}

function join(parts: Uint8Array[]): Uint8Array | undefined {
  return parts.length > 1 ? Uint8Array.from(parts.flatMap((part) => [...part])) : parts[0];
}

function corrupt(what: string): ImageError {
  return new ImageError("image/corrupt", `The JPEG ${what}. It is damaged: get it again.`, {
    details: { format: "JPEG" },
  });
}

function notRead(what: string): ImageError {
  return new ImageError(
    "image/unsupported",
    `The JPEG ${what}; only 8-bit Huffman-coded ones are read. Save it as plain JPEG or PNG.`,
    {
      details: { format: "JPEG" },
    },
  );
}
