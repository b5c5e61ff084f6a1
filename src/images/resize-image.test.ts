import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Image } from "./image.js";
import { noise } from "./noise.testing.js";
import { type ResizeFilter, resizeImage } from "./resize-image.js";

interface Case {
  source: [number, number];
  target: [number, number];
  filter: ResizeFilter;
  sha256: string;
}
const golden = new URL("../../conformance/goldens/pillow-resize.json", import.meta.url);
const { cases, reference } = JSON.parse(readFileSync(golden, "utf8")) as { cases: Case[]; reference: string };

/** One group a source size: `Map.groupBy` needs Node 21. */
const groups = [...new Set(cases.map(({ source }) => source.join(" x ")))].map(
  (name) => [name, cases.filter(({ source }) => source.join(" x ") === name)] as const,
);
const sha256 = (image: Image) => createHash("sha256").update(image.data).digest("hex");

describe("resizeImage", () => {
  it("has golden cases on both sides of Pillow 13's vertical-first rule", () => {
    expect(reference).toBe("Pillow 13.0.0");
    const verticalFirst = cases.filter(({ source: [width, height], target }) => {
      const shrunk = height - target[1];
      return shrunk > 0 && shrunk > 2 * (width - target[0]);
    });
    expect(verticalFirst.length).toBeGreaterThan(20);
    expect(cases.length - verticalFirst.length).toBeGreaterThan(100);
  });

  it.each(groups)("equals Pillow 13 byte for byte from %s pixels to every golden size", (_, group) => {
    const image = noise(...group[0]!.source);
    const differing = group.filter(({ target: [width, height], filter, sha256: wanted }) => {
      const resized = resizeImage(image, { width, height, filter });
      expect(resized).toMatchObject({ width, height, channels: 3 });
      return sha256(resized) !== wanted;
    });
    expect(differing).toEqual([]);
  });

  it("neither changes its input nor shares memory with it, even at the same size", () => {
    const image = noise(5, 4);
    const before = image.data.slice();
    const same = resizeImage(image, { width: 5, height: 4, filter: "bilinear" });
    expect(same.data).toEqual(before);
    same.data.fill(7);
    expect(image.data).toEqual(before);
  });

  it.each([
    ["a zero width", { width: 0, height: 2, filter: "bilinear" }, "input/size"],
    ["a fraction", { width: 2, height: 2.5, filter: "bilinear" }, "input/size"],
    ["NaN", { width: Number.NaN, height: 2, filter: "bilinear" }, "input/size"],
    ["an unknown filter", { width: 2, height: 2, filter: "lanczos" }, "input/filter"],
  ])("refuses %s", (_, options, code) => {
    expect(() => resizeImage(noise(3, 3), options as never)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses pixels that do not fill the image", () => {
    const torn = { ...noise(3, 3), width: 4 };
    expect(() => resizeImage(torn, { width: 2, height: 2, filter: "bilinear" })).toThrow(
      expect.objectContaining({ code: "input/image" }),
    );
  });
});
