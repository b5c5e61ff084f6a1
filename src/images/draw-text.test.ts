import { describe, expect, it } from "vitest";
import { glyphRows } from "./bitmap-font.js";
import { drawText, textSize } from "./draw-text.js";
import { blankImage, type Image } from "./image.js";

const style = { scale: 1, color: [255, 255, 255], plate: [0, 0, 255] } as const;
const show = ({ data, width, height }: Image) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const [red, , blue] = data.subarray((y * width + x) * 3);
      return red ? "#" : blue ? "." : " ";
    }).join(""),
  );

describe("drawText", () => {
  it("draws letters on a plate of just their size", () => {
    const { width, height } = textSize(["Hi"], 1);
    const image = blankImage(width + 1, height + 1);
    drawText(image, ["Hi"], { x: 0, y: 0 }, style);
    expect(show(image)).toEqual([
      "............... ",
      "............... ",
      "..#...#...#.... ",
      "..#...#........ ",
      "..#...#..##.... ",
      "..#####...#.... ",
      "..#...#...#.... ",
      "..#...#...#.... ",
      "..#...#..###... ",
      "............... ",
      "............... ",
      "............... ",
      "                ",
    ]);
  });

  it("enlarges each dot to scale x scale pixels", () => {
    const one = textSize(["a", "bcd"], 1);
    expect(textSize(["a", "bcd"], 3)).toEqual({ width: one.width * 3, height: one.height * 3 });
    const image = blankImage(one.width * 3, one.height * 3);
    drawText(image, ["a", "bcd"], { x: 0, y: 0 }, { ...style, scale: 3 });
    const small = blankImage(one.width, one.height);
    drawText(small, ["a", "bcd"], { x: 0, y: 0 }, style);
    expect(
      show(image)
        .filter((_, y) => y % 3 === 1)
        .map((row) => row.replace(/(.)../g, "$1")),
    ).toEqual(show(small));
  });

  it("is cut at the image's edges", () => {
    const image = blankImage(4, 4);
    drawText(image, ["Wide text"], { x: -9, y: -3 }, style);
    drawText(image, ["far"], { x: 900, y: -900 }, style);
    expect(show(image)).toHaveLength(4);
  });
});

describe("glyphRows", () => {
  it("has a form of its own for every printable character", () => {
    const forms = Array.from({ length: 95 }, (_, i) => glyphRows(String.fromCharCode(32 + i)));
    expect(new Set(forms.map((rows) => rows.join()))).toHaveLength(95);
    for (const rows of forms) expect(rows.map(({ length }) => length)).toEqual(Array(8).fill(5));
  });

  it("leaves accents away, and shows a box for what it does not have", () => {
    expect(glyphRows("é")).toEqual(glyphRows("e"));
    for (const strange of ["笑", "\n", "\u007f", "😀"]) expect(glyphRows(strange)[0]).toBe("#####");
  });
});
