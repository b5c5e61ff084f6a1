import { describe, expect, it } from "vitest";
import type { Rectangle } from "../../../images/draw.js";
import { LabelPlaces } from "./label-places.js";

const picture = { width: 400, height: 300 };
const box = (x: number, y: number, side: number): Rectangle => ({ x, y, width: side, height: side });
const size = { width: 90, height: 30 };
const shared = (a: Rectangle, b: Rectangle) =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

describe("LabelPlaces", () => {
  it.each([
    ["above the box, at its left edge", box(100, 100, 60), { x: 100, y: 70 }],
    ["below it where there is no room above", box(100, 10, 60), { x: 100, y: 70 }],
    ["moved into the picture at its right border", box(330, 100, 60), { x: 310, y: 70 }],
    ["beside a box that is as high as the picture", { x: 50, y: -5, width: 200, height: 310 }, { x: 250, y: 0 }],
    ["in the lower edge of a box that fills the picture", { x: -5, y: -5, width: 410, height: 310 }, { x: 0, y: 270 }],
  ])("puts a label %s", (_where, face, corner) => {
    expect(new LabelPlaces(picture, [face]).take(face, [size])?.place).toEqual({ ...corner, ...size });
  });

  it("takes the next size where the first finds no place", () => {
    const face = box(0, 100, 400);
    const sizes = [{ width: 90, height: 120 }, size];
    expect(new LabelPlaces(picture, [face]).take(face, sizes)).toMatchObject({ index: 1, place: { y: 70 } });
  });

  it("finds none in a picture that is too small or full", () => {
    const face = box(5, 5, 20);
    expect(new LabelPlaces({ width: 30, height: 30 }, [face]).take(face, [size])).toBeUndefined();
    const places = new LabelPlaces({ width: 90, height: 60 }, [box(0, 0, 30)]);
    expect(places.take(box(0, 0, 30), [size])?.place).toMatchObject({ x: 0, y: 30 });
    expect(places.take(box(0, 0, 30), [size])).toBeUndefined();
  });

  it("hides no face, and covers no other label, in a crowd of 60 faces", () => {
    const faces = Array.from({ length: 60 }, (_, i) => box((i % 10) * 100 + 20.4, Math.floor(i / 10) * 90 + 15.6, 45));
    const places = new LabelPlaces({ width: 1000, height: 560 }, faces);
    const taken = faces.flatMap(
      (face) =>
        places.take(face, [
          { width: 80, height: 40 },
          { width: 80, height: 12 },
        ]) ?? [],
    );
    expect(taken).toHaveLength(60);
    for (const [index, { place }] of taken.entries()) {
      for (const { place: other } of taken.slice(index + 1)) expect(shared(place, other)).toBe(0);
      for (const face of faces) expect(shared(place, face)).toBeLessThan(80); // boxes have fractions of a pixel
    }
  });

  it("hides at most a quarter of a face where nothing else is left", () => {
    const faces = [box(0, 0, 100), box(100, 0, 100), box(0, 100, 100), box(100, 100, 100)];
    const places = new LabelPlaces({ width: 200, height: 200 }, faces);
    for (const face of faces) {
      const { place } = places.take(face, [
        { width: 90, height: 60 },
        { width: 90, height: 20 },
      ])!;
      for (const other of faces) expect(shared(place, other)).toBeLessThanOrEqual(2500);
    }
  });
});
