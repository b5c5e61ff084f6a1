import { describe, expect, it } from "vitest";
import type { Image } from "../../images/image.js";
import { type Augmentation, viewsOf } from "./augmentation.js";

const image: Image = {
  width: 24,
  height: 16,
  channels: 3,
  data: Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 7) % 251),
};
const HASH = "0123456789abcdef".repeat(4);

describe("viewsOf", () => {
  it("makes views of the picture's own size, different from each other and from seed to seed, the same each time", () => {
    const make = (seed: number) => viewsOf({ views: 3 }, seed).map((view) => view.apply(image, HASH));
    const all = [...make(0), ...make(1)];
    for (const view of all) expect([view.width, view.height, view.data.length]).toEqual([24, 16, image.data.length]);
    expect(new Set(all.map(({ data }) => String(data))).size).toBe(6);
    expect(make(0)).toEqual(all.slice(0, 3));
    expect(new Set(viewsOf({ views: 3 }, 0).map(({ key }) => key)).size).toBe(3);
  });

  it("only mirrors where nothing else is asked for, and changes nothing where nothing is", () => {
    const views = (flip: number) => viewsOf({ views: 1, flip, crop: 1, color: 0 }, 5)[0]!.apply(image, HASH);
    expect(views(0)).toEqual(image);
    const mirrored = views(1);
    const pixel = ({ data }: Image, x: number, y: number) => [...data.subarray((y * 24 + x) * 3, (y * 24 + x) * 3 + 3)];
    for (const [x, y] of [
      [0, 0],
      [5, 3],
      [23, 15],
    ] as const)
      expect(pixel(mirrored, x, y)).toEqual(pixel(image, 23 - x, y));
  });

  it("takes true for what is done by default and false for nothing, one view where no number is said", () => {
    const make = (augmentation: Augmentation) => viewsOf(augmentation, 3).map((view) => view.apply(image, HASH));
    expect(make({ flip: true, crop: true, color: true })).toEqual(make({ views: 1 }));
    expect(make({ flip: false, crop: false, color: false })).toEqual([image]);
  });

  it("makes no view where none is asked for", () => {
    expect(viewsOf(undefined, 0)).toEqual([]);
  });
});
