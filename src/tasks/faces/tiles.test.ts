import { describe, expect, it } from "vitest";
import { tiles } from "./tiles.js";

const covers = (
  size: { width: number; height: number },
  smallest: number | undefined,
  box: [number, number, number],
) => {
  const [x, y, side] = box;
  return tiles(size, smallest).some(
    (look) =>
      side >= 0.07 * look.side &&
      side <= look.side &&
      x >= look.centerX - look.side / 2 - 1e-9 &&
      y >= look.centerY - look.side / 2 - 1e-9 &&
      x + side <= look.centerX + look.side / 2 + 1e-9 &&
      y + side <= look.centerY + look.side / 2 + 1e-9,
  );
};

describe("tiles", () => {
  it("looks at a small picture once, and at one of 1600 x 1066 pixels 27 times", () => {
    expect(tiles({ width: 128, height: 128 })).toEqual([{ centerX: 64, centerY: 64, side: 128, angle: 0 }]);
    expect(tiles({ width: 1600, height: 1066 })).toHaveLength(27);
  });

  it("looks as often at the same picture in any size, until faces have too few pixels", () => {
    const wide = tiles({ width: 6400, height: 3600 });
    expect(wide.length).toBe(tiles({ width: 1280, height: 720 }).length);
    expect(Math.min(...wide.map(({ side }) => side))).toBe(1600);
  });

  it.each([
    [{ width: 1920, height: 1080 }, undefined, 48],
    [{ width: 1920, height: 1080 }, 20, 20],
    [{ width: 300, height: 900 }, undefined, 23],
    [{ width: 10_000, height: 50 }, undefined, 50],
  ] as const)(
    "shows each face of %o from %s pixels on whole, and large enough, in some look",
    (size, smallest, least) => {
      const largest = Math.min(size.width, size.height);
      for (let side = least; side <= largest; side *= 1.3)
        for (const across of [0, 0.13, 0.37, 0.5, 0.81, 1])
          for (const down of [0, 0.29, 0.5, 0.77, 1]) {
            const box: [number, number, number] = [across * (size.width - side), down * (size.height - side), side];
            expect(covers(size, smallest, box)).toBe(true);
          }
    },
  );

  it("spends no look on scales at which a strip's faces can't be seen, and few on a strip", () => {
    const looks = tiles({ width: 10_000, height: 50 });
    expect(looks.slice(1).every(({ side }) => side * 0.07 <= 50)).toBe(true);
    expect(looks.length).toBeLessThan(100);
  });

  it.each([
    [1, 1],
    [16_384, 1],
    [3, 4000],
  ])("looks at %d x %d a bounded number of times", (width, height) => {
    expect(tiles({ width, height }).length).toBeLessThan(250);
    expect(tiles({ width, height }, 1).length).toBeLessThan(250);
  });
});
