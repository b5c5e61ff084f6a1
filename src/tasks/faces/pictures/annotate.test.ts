import { describe, expect, it } from "vitest";
import { blankImage, type Image } from "../../../images/image.js";
import { annotate, type DrawnFace } from "./annotate.js";
import { faceLabels } from "./face-labels.js";

const WHITE = [255, 255, 255];
const PLATE = [16, 20, 28];
const flat = (width: number, height: number, value: number): Image => {
  const image = blankImage(width, height);
  image.data.fill(value);
  return image;
};
const face = (x: number, y: number, side: number): DrawnFace => ({
  box: { x, y, width: side, height: side },
  score: 0.981,
  landmarks: [{ x: x + side / 2, y: y + side / 2 }],
  attributes: {
    emotion: { value: "happy", score: 0.974, scores: { happy: 0.974 } },
    age: { value: 24.5, score: 0.6, scores: {}, interval: [20, 29], expected: 25 },
    hat: { value: "none", score: 0.8, scores: {} },
  },
});
const pixel = ({ data, width }: Image, x: number, y: number) => [...data.subarray((y * width + x) * 3).subarray(0, 3)];
/** How many pixels have a color. */
function countOf({ data }: Image, [red, green, blue]: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 3)
    if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) count++;
  return count;
}

describe("annotate", () => {
  it("leaves its input as it was, and the picture without faces too", () => {
    const image = flat(60, 40, 77);
    expect(annotate(image, [face(10, 10, 20)]).data).not.toEqual(image.data);
    expect(image).toEqual(flat(60, 40, 77));
    expect(annotate(image, [])).toEqual(image);
  });

  it("draws the box from its corner inwards and the landmarks as dots", () => {
    const marked = annotate(flat(300, 300, 0), [face(100, 120, 80)], { labels: "none" });
    expect(pixel(marked, 100, 120)).toEqual([0, 220, 90]);
    expect(pixel(marked, 140, 160)).toEqual([255, 60, 60]);
    const plain = annotate(flat(300, 300, 0), [face(100, 120, 80)], { labels: "none", landmarks: "none" });
    expect(pixel(plain, 140, 160)).toEqual([0, 0, 0]);
  });

  it.each([0, 128, 255])("writes white letters on a dark plate over a background of %i", (value) => {
    const marked = annotate(flat(400, 300, value), [face(150, 100, 100)], { labels: () => ["happy 97%"] });
    expect(countOf(marked, PLATE)).toBeGreaterThan(200);
    if (value !== 255) expect(countOf(marked, WHITE)).toBeGreaterThan(50);
  });

  it("lets letters grow with the picture", () => {
    const inkOf = (side: number) =>
      countOf(annotate(flat(side, side, 0), [face(side / 3, side / 3, side / 3)], { landmarks: "none" }), WHITE);
    expect(inkOf(1200) / inkOf(300)).toBeGreaterThan(8);
  });

  it("keeps labels apart and inside of the picture, wherever the faces lie", () => {
    const faces = [face(-5, -5, 60), face(0, 0, 60), face(350, 250, 80), face(360, 255, 60), face(170, 120, 30)];
    const image = flat(400, 300, 0);
    const label = ["MMMM"];
    const ink = countOf(annotate(image, faces, { labels: () => label, landmarks: "none" }), WHITE);
    const one = countOf(annotate(image, [faces[4]!], { labels: () => label, landmarks: "none" }), WHITE);
    expect(ink).toBe(faces.length * one);
  });

  it("leaves out the last lines of a label where there is no room for all of them", () => {
    const marked = annotate(flat(64, 75, 0), [face(20, 30, 24)], { landmarks: "none" });
    const alone = annotate(flat(64, 75, 0), [face(20, 30, 24)], { landmarks: "none", labels: () => ["happy 97%"] });
    expect(countOf(marked, PLATE)).toBeGreaterThan(countOf(alone, PLATE) * 1.5);
    const ofFace = ({ data }: Image) =>
      Array.from({ length: 24 }, (_, y) => [...data.subarray(((30 + y) * 64 + 20) * 3).subarray(0, 72)]);
    const bare = annotate(flat(64, 75, 0), [face(20, 30, 24)], { landmarks: "none", labels: "none" });
    expect(ofFace(marked)).toEqual(ofFace(bare));
  });

  it("gives neighbors frames of different colors, and a label that of its face", () => {
    const marked = annotate(flat(600, 300, 0), [face(50, 120, 80), face(350, 120, 80)], { labels: () => ["one"] });
    const [first, second] = [pixel(marked, 50, 120), pixel(marked, 350, 120)];
    expect(first).not.toEqual(second);
    const top = (x: number) => Array.from({ length: 120 }, (_, y) => pixel(marked, x + 2, y));
    expect(top(50)).toContainEqual(first);
    expect(top(350)).toContainEqual(second);
  });

  it.each([undefined, "happy", [7]])("refuses a labels function that gives %j", (label) => {
    const draw = () => annotate(flat(90, 90, 0), [face(9, 9, 20)], { labels: () => label as never });
    expect(draw).toThrow(expect.objectContaining({ code: "input/option" }));
  });

  it("draws what parsers of services' answers give: boxes alone", () => {
    const { box } = face(100, 120, 80);
    expect(pixel(annotate(flat(300, 300, 0), [{ box }]), 100, 120)).toEqual([0, 220, 90]);
  });

  it.each([
    [1, 1],
    [12, 9],
    [10_000, 50],
    [50, 4000],
  ])("takes a picture of %i x %i", (width, height) => {
    const marked = annotate(flat(width, height, 9), [face(0, 0, Math.min(width, height))]);
    expect([marked.width, marked.height]).toEqual([width, height]);
  });

  it.each([{ label: "none" }, { labels: "some" }, null, { landmarks: "mesh" }])("refuses %j", (options) => {
    expect(() => annotate(blankImage(1, 1), [], options as object)).toThrow(
      expect.objectContaining({ code: "input/option" }),
    );
  });
});

describe("faceLabels", () => {
  it("tells each attribute with its score", () => {
    expect(faceLabels(face(0, 0, 1))).toEqual(["happy 97%", "age 20-29 60%", "hat: none 80%", "face 98%"]);
    expect(faceLabels({ ...face(0, 0, 1), attributes: {} })).toEqual(["face 98%"]);
  });
});
