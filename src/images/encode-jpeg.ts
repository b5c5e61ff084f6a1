import { InputError } from "../errors.js";
import { forwardDct } from "./formats/jpeg/forward-dct.js";
import { bitSize, type CodeBook, codeBook, HuffmanWriter } from "./formats/jpeg/huffman-writer.js";
import { standardHuffmanCodes } from "./formats/jpeg/standard-huffman.js";
import { ZIGZAG } from "./formats/jpeg/zigzag.js";
import { assertImage, type Image } from "./image.js";
import { ascii } from "./sniff-format.js";

export interface EncodeJpegOptions {
  /** 1 to 100 on libjpeg's scale. Default 90. */
  quality?: number;
}

/** ITU T.81, tables K.1 and K.2, row by row. */
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA = Array.from(
  { length: 64 },
  (_, i) =>
    [
      [17, 18, 24, 47],
      [18, 21, 26, 66],
      [24, 26, 56],
      [47, 66],
    ][i >> 3]?.[i & 7] ?? 99,
);
/** A side is stored in 16 bits. */
const LARGEST_SIDE = 65_535;
const END_OF_BLOCK = 0x00;
const SIXTEEN_ZEROS = 0xf0;

/**
 * Encodes an image as baseline JPEG without metadata, its colors at full resolution, so that thin lines and small text stay clear.
 *
 * @throws InputError `input/image`, `input/size` for a side of more than 65,535 pixels, `input/option`
 */
export function encodeJpeg(image: Image, { quality = 90 }: EncodeJpegOptions = {}): Uint8Array {
  assertImage(image);
  const { width, height } = image;
  if (Math.max(width, height) > LARGEST_SIDE)
    throw new InputError("input/size", `A JPEG has at most ${LARGEST_SIDE} pixels a side; found ${width} x ${height}.`);
  if (!Number.isInteger(quality) || quality < 1 || quality > 100)
    throw new InputError("input/option", `"quality" must be a whole number from 1 to 100; found ${quality}.`);
  const steps = [LUMA, CHROMA].map((table) => quantizationSteps(table, quality));
  const { dc, ac } = standardHuffmanCodes();
  const tables = (kind: number, list: typeof dc) =>
    list.flatMap(({ counts, symbols }, number) => segment(0xc4, [(kind << 4) | number, ...counts, ...symbols]));
  const head = [
    ...[0xff, 0xd8],
    ...segment(0xe0, [...ascii("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...steps.flatMap((table, number) => segment(0xdb, [number, ...Array.from(table, (_, i) => table[ZIGZAG[i]!]!)])),
    ...segment(0xc0, [8, ...word(height), ...word(width), 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]),
    ...tables(0, dc),
    ...tables(1, ac),
    ...segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]),
  ];
  const scan = writeScan(image, steps, { dc: dc.map(codeBook), ac: ac.map(codeBook) });
  const jpeg = new Uint8Array(head.length + scan.length + 2);
  jpeg.set(head);
  jpeg.set(scan, head.length);
  jpeg.set([0xff, 0xd9], head.length + scan.length);
  return jpeg;
}

/** libjpeg's `jpeg_quality_scaling`: 50 leaves the table as it is. */
function quantizationSteps(table: readonly number[], quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return table.map((step) => Math.min(Math.max(Math.floor((step * percent + 50) / 100), 1), 255));
}

function writeScan(image: Image, steps: number[][], books: { dc: CodeBook[]; ac: CodeBook[] }): Uint8Array {
  const writer = new HuffmanWriter();
  const samples = [new Float64Array(64), new Float64Array(64), new Float64Array(64)];
  const frequencies = new Float64Array(64);
  const levels = new Int32Array(64);
  const lastDc = [0, 0, 0];
  for (let top = 0; top < image.height; top += 8)
    for (let left = 0; left < image.width; left += 8) {
      readBlock(image, left, top, samples as [Float64Array, Float64Array, Float64Array]);
      for (const [component, block] of samples.entries()) {
        const table = component === 0 ? 0 : 1;
        forwardDct(block, frequencies);
        for (let i = 0; i < 64; i++) levels[i] = Math.round(frequencies[ZIGZAG[i]!]! / steps[table]![ZIGZAG[i]!]!);
        writeBlock(writer, levels, lastDc[component]!, books.dc[table]!, books.ac[table]!);
        lastDc[component] = levels[0]!;
      }
    }
  return writer.end();
}

/** 8 x 8 pixels as JFIF's luma and two chromas around 0; past the image's edge its last pixels go on. */
function readBlock(image: Image, left: number, top: number, samples: [Float64Array, Float64Array, Float64Array]): void {
  const { data, width, height } = image;
  for (let i = 0; i < 64; i++) {
    const x = Math.min(left + (i & 7), width - 1);
    const y = Math.min(top + (i >> 3), height - 1);
    const at = (y * width + x) * 3;
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    samples[0][i] = 0.299 * red + 0.587 * green + 0.114 * blue - 128;
    samples[1][i] = -0.168736 * red - 0.331264 * green + 0.5 * blue;
    samples[2][i] = 0.5 * red - 0.418688 * green - 0.081312 * blue;
  }
}

/** A block's levels in zigzag order: the difference of the first, then runs of zeros with what ends them (ITU T.81, F.1.2). */
function writeBlock(writer: HuffmanWriter, levels: Int32Array, lastDc: number, dc: CodeBook, ac: CodeBook): void {
  const difference = levels[0]! - lastDc;
  writer.symbol(dc, bitSize(difference));
  writer.value(difference, bitSize(difference));
  let zeros = 0;
  for (let i = 1; i < 64; i++) {
    const level = levels[i]!;
    if (level === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) writer.symbol(ac, SIXTEEN_ZEROS);
    writer.symbol(ac, (zeros << 4) | bitSize(level));
    writer.value(level, bitSize(level));
    zeros = 0;
  }
  if (zeros > 0) writer.symbol(ac, END_OF_BLOCK);
}

function segment(marker: number, content: readonly number[]): number[] {
  return [0xff, marker, ...word(content.length + 2), ...content];
}

function word(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
