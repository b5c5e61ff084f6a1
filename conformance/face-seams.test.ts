import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop } from "../src/images/crop.js";
import type { Image } from "../src/images/image.js";
import type { Orientation } from "../src/images/orientation.js";
import { resizeImage } from "../src/images/resize-image.js";
import { turnImage } from "../src/images/turn-image.js";
import type { FaceDetector } from "../src/tasks/faces/face-detector.js";
import { loadFaceDetector } from "../src/tasks/faces/load-face-detector.js";
import { tiles } from "../src/tasks/faces/tiles.js";
import { readImage } from "../src/tasks/image-input.js";
import { photo } from "./compare-faces.js";
import { FACES_BY_EYE, matchFaces, type SeenFace } from "./faces-by-eye.js";

const SIZE = { width: 1600, height: 1066 };
/** What is pasted around a face, in its sides: with hair and collar. */
const AROUND = 1.7;

/** A picture without faces with a head pasted in at each place. */
async function pictureWith(places: readonly SeenFace[]): Promise<Image> {
  const [face] = FACES_BY_EYE["grace_hopper.jpg"]!;
  const reach = Math.round(face!.side * AROUND);
  const left = Math.round(face!.x - reach / 2);
  const top = Math.round(face!.y - reach / 2);
  const head = crop(await readImage(photo("grace_hopper.jpg")), { left, top, width: reach, height: reach });
  const picture = resizeImage(await readImage(photo("coffee.png")), { ...SIZE, filter: "bilinear" });
  for (const { x, y, side, turn } of places) {
    const length = Math.round(side * AROUND);
    const small = resizeImage(head, { width: length, height: length, filter: "bilinear" });
    paste(picture, turnImage(small, EXIF_OF[turn]!), Math.round(x - length / 2), Math.round(y - length / 2));
  }
  return picture;
}

/** The EXIF orientation that shows an upright picture so turned, degrees clockwise. */
const EXIF_OF: Readonly<Record<number, Orientation>> = { 0: 1, 90: 6, 180: 3 };

function paste({ data, width }: Image, part: Image, left: number, top: number): void {
  for (let y = 0; y < part.height; y++)
    data.set(part.data.subarray(y * part.width * 3, (y + 1) * part.width * 3), ((top + y) * width + left) * 3);
}

/** Corners of tiles of one level, inside of the picture. */
function cornersOf(side: number): { x: number; y: number }[] {
  const level = tiles(SIZE).filter((look) => look.side === side);
  const edges = (center: "centerX" | "centerY") =>
    [...new Set(level.flatMap((look) => [look[center] - side / 2, look[center] + side / 2]))].sort((a, b) => a - b);
  return edges("centerX").flatMap((x) => edges("centerY").map((y) => ({ x, y })));
}

/** The first places at least `apart` from each other and from the picture's border. */
function spread(places: readonly { x: number; y: number }[], apart: number): { x: number; y: number }[] {
  const kept: { x: number; y: number }[] = [];
  for (const place of places) {
    const isInside = Math.min(place.x, SIZE.width - place.x, place.y, SIZE.height - place.y) > apart / 2;
    const isFree = kept.every((other) => Math.max(Math.abs(other.x - place.x), Math.abs(other.y - place.y)) >= apart);
    if (isInside && isFree) kept.push(place);
  }
  return kept;
}

describe("faces on the seams between tiles", () => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await loadFaceDetector({ model: "auto" });
  });
  afterAll(() => detector.dispose());

  it.each([
    [800, 110, 0],
    [400, 60, 0],
    [400, 60, 90],
    [400, 60, 180],
  ])("of %i pixels are found once each: %i pixels wide, turned by %i degrees", async (tile, side, turn) => {
    const places = spread(cornersOf(tile), side * AROUND * 1.6).map((place) => ({ ...place, side, turn }));
    expect(places.length).toBeGreaterThanOrEqual(2);
    const { missing, extra, pairs } = matchFaces(places, await detector.detect(await pictureWith(places)));
    expect({ missing, extra }).toEqual({ missing: 0, extra: [] });
    for (const { overlap } of pairs) expect(overlap).toBeGreaterThan(0.7);
  });
});
