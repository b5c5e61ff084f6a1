import { describe, expect, it } from "vitest";
import { readOrientation } from "./orientation.js";

/** A TIFF block with one directory entry. */
function tiff({
  tag = 0x0112,
  type = 3,
  count = 1,
  value = 6,
  order = "II",
  directory = 8,
  prefix = "",
} = {}): Uint8Array {
  const little = order === "II";
  const bytes = new Uint8Array(8 + 2 + 12);
  const view = new DataView(bytes.buffer);
  bytes.set([...order].map((letter) => letter.charCodeAt(0)));
  view.setUint16(2, 42, little);
  view.setUint32(4, directory, little);
  view.setUint16(8, 1, little);
  view.setUint16(10, tag, little);
  view.setUint16(12, type, little);
  view.setUint32(14, count, little);
  if (type === 4) view.setUint32(18, value, little);
  else view.setUint16(18, value, little);
  return Uint8Array.from([...[...prefix].map((letter) => letter.charCodeAt(0)), ...bytes]);
}

describe("readOrientation", () => {
  it.each([
    ["little-endian", tiff()],
    ["big-endian", tiff({ order: "MM" })],
    ["with its prefix", tiff({ prefix: "Exif\0\0" })],
    ["with its prefix twice", tiff({ prefix: "Exif\0\0Exif\0\0" })],
    ["as a 32-bit number", tiff({ type: 4 })],
  ])("reads EXIF %s", (_, exif) => {
    expect(readOrientation({ exif })).toBe(6);
  });

  it.each([
    ["an invalid 0", tiff({ value: 0 })],
    ["an invalid 9", tiff({ value: 9 })],
    ["another tag", tiff({ tag: 0x0113 })],
    ["two values", tiff({ count: 2 })],
    ["a text", tiff({ type: 2 })],
    ["a directory past the end", tiff({ directory: 2 ** 32 - 1 })],
    ["no byte order", tiff({ order: "XX" })],
    ["too few bytes", tiff().subarray(0, 7)],
    ["a cut entry", tiff().subarray(0, 21)],
    ["nothing", new Uint8Array()],
  ])("takes the picture as upright with %s", (_, exif) => {
    expect(readOrientation({ exif })).toBe(1);
  });

  it("asks XMP only when EXIF has no orientation", () => {
    const xmp = '<rdf tiff:Orientation="3"/>';
    expect(readOrientation({ xmp })).toBe(3);
    expect(readOrientation({ xmp: "<tiff:Orientation>8</tiff:Orientation>" })).toBe(8);
    expect(readOrientation({ xmp, exif: tiff({ value: 1 }) })).toBe(1);
    expect(readOrientation({ xmp, exif: tiff({ tag: 1 }) })).toBe(3);
  });
});
