import { describe, expect, it } from "vitest";
import type { Image } from "./image.js";
import type { Orientation } from "./orientation.js";
import { turnImage } from "./turn-image.js";

/** One letter a pixel. */
const picture = (...rows: string[]): Image => ({
  data: Uint8Array.from([...rows.join("")].flatMap((letter) => [letter.charCodeAt(0), 0, 255])),
  width: rows[0]!.length,
  height: rows.length,
  channels: 3,
});

describe("turnImage", () => {
  it.each<[Orientation, string, string[]]>([
    [1, "leaves it", ["abc", "def"]],
    [2, "mirrors it left to right", ["cba", "fed"]],
    [3, "turns it by half", ["fed", "cba"]],
    [4, "mirrors it top to bottom", ["def", "abc"]],
    [5, "mirrors it at its falling diagonal", ["ad", "be", "cf"]],
    [6, "turns it right", ["da", "eb", "fc"]],
    [7, "mirrors it at its rising diagonal", ["fc", "eb", "da"]],
    [8, "turns it left", ["cf", "be", "ad"]],
  ])("orientation %i %s", (orientation, _, wanted) => {
    expect(turnImage(picture("abc", "def"), orientation)).toEqual(picture(...wanted));
  });
});
