import { describe, expect, it } from "vitest";
import { drawDot, drawRectangle } from "./draw.js";
import { blankImage, type Image } from "./image.js";

const RED = [255, 0, 0] as const;
/** `#` where a pixel has the color. */
const show = ({ data, width, height }: Image) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === 255 ? "#" : ".")).join(""),
  );

describe("drawRectangle", () => {
  it("draws the outline inwards with the given thickness", () => {
    const image = blankImage(8, 6);
    drawRectangle(image, { x: 1.2, y: 0.9, width: 6, height: 5 }, RED, 1);
    expect(show(image)).toEqual(["........", ".######.", ".#....#.", ".#....#.", ".#....#.", ".######."]);
  });

  it("leaves out what lies outside the image", () => {
    const image = blankImage(4, 3);
    drawRectangle(image, { x: -5, y: -5, width: 7, height: 7 }, RED, 1);
    expect(show(image)).toEqual([".#..", "##..", "...."]);
    drawRectangle(image, { x: 100, y: 100, width: 5, height: 5 }, RED);
    expect(show(image)).toEqual([".#..", "##..", "...."]);
  });

  it("colors all three channels and nothing else", () => {
    const image = blankImage(2, 1);
    drawRectangle(image, { x: 1, y: 0, width: 1, height: 1 }, [7, 8, 9]);
    expect([...image.data]).toEqual([0, 0, 0, 7, 8, 9]);
  });
});

describe("drawDot", () => {
  it("draws a disk around its center", () => {
    const image = blankImage(7, 5);
    drawDot(image, { x: 3, y: 2 }, RED, 2);
    expect(show(image)).toEqual(["...#...", "..###..", ".#####.", "..###..", "...#..."]);
  });

  it("is cut at the image's edge", () => {
    const image = blankImage(3, 3);
    drawDot(image, { x: 0, y: 0 }, RED, 1);
    drawDot(image, { x: 50, y: -50 }, RED, 3);
    expect(show(image)).toEqual(["##.", "#..", "..."]);
  });
});
