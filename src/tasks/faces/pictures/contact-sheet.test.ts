import { describe, expect, it } from "vitest";
import { blankImage, type Image } from "../../../images/image.js";
import { contactSheet } from "./contact-sheet.js";

const colored = (value: number, width: number, height: number): Image => {
  const image = blankImage(width, height);
  image.data.fill(value);
  return image;
};

describe("contactSheet", () => {
  it("puts every face of every group at its place, at one size", () => {
    const groups = [
      { title: "one", images: [colored(50, 30, 40), colored(60, 8, 8), colored(70, 200, 100)] },
      { title: "two", images: [colored(80, 10, 10)] },
    ];
    const { data, width, height } = contactSheet(groups, { size: 20, columns: 2 });
    expect(width).toBe(4 + 2 * 24);
    const count = (value: number) =>
      Array.from({ length: width * height }, (_, i) => data.subarray(3 * i, 3 * i + 3)).filter((pixel) =>
        pixel.every((channel) => channel === value),
      ).length;
    for (const value of [50, 60, 70, 80]) expect(count(value)).toBe(400);
  });

  it("is a strip of paper where there is nothing to show", () => {
    expect(contactSheet([])).toMatchObject({ height: 4, channels: 3 });
  });

  it.each([undefined, [{}], [{ title: 3, images: [] }], [{ title: "", images: 3 }]])(
    "refuses %j for groups",
    (groups) => {
      expect(() => contactSheet(groups as never)).toThrow(expect.objectContaining({ code: "input/option" }));
    },
  );

  it("shows as many faces as a picture holds, and no more", () => {
    const face = colored(90, 8, 8);
    const many = (count: number) => [{ title: "all", images: Array.from({ length: count }, () => face) }];
    const { width, height } = contactSheet([...many(30), ...many(5000)], { size: 64, columns: 1 });
    expect(width).toBe(4 + 68);
    expect(height).toBeGreaterThan(65_300);
    expect(height).toBeLessThanOrEqual(65_500);
    expect(contactSheet(many(900), { size: 64, columns: 1 }).height).toBe(4 + 24 + 900 * 68);
  });

  it.each([{ size: 2 }, { columns: 0 }, { width: 3 }])("refuses %j", (options) => {
    expect(() => contactSheet([], options as object)).toThrow(expect.objectContaining({ code: "input/option" }));
  });
});
