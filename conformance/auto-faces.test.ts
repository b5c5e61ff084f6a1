import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop } from "../src/images/crop.js";
import type { Image } from "../src/images/image.js";
import { resizeImage } from "../src/images/resize-image.js";
import { turnImage } from "../src/images/turn-image.js";
import { faceAngle } from "../src/tasks/faces/face-angle.js";
import type { FaceDetector } from "../src/tasks/faces/face-detector.js";
import { loadFaceDetector } from "../src/tasks/faces/load-face-detector.js";
import { readImage } from "../src/tasks/image-input.js";
import { photo } from "./compare-faces.js";
import { FACES_BY_EYE, matchFaces } from "./faces-by-eye.js";

const WITH_FACES = [
  "montage_pd_4.jpg",
  "montage_pd_16.jpg",
  "small_faces_pd.jpg",
  "hopper_rot15.jpg",
  "hopper_rot45.jpg",
  "hopper_rot60.jpg",
  "hopper_rot90.jpg",
  "hopper_rot180.jpg",
  "hopper_orientation_6.jpg",
  "hopper_tiny.png",
  "astronaut_cmyk.jpg",
  "astronaut_gray16.png",
  "astronaut_rgba.png",
  "camera.png",
];
const WITHOUT = ["coffee.png", "chelsea.png", "rocket.jpg", "retina.jpg", "pil_sample_cmyk.jpg", "one_px.png"];

describe("the detector that looks at any scale and turn", () => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await loadFaceDetector({ model: "auto" });
  });
  afterAll(() => detector.dispose());

  it.each(WITH_FACES)(
    "finds every face of %s and nothing else: boxes share 0.8 of their union, turns differ by 8 degrees at most",
    async (name) => {
      const { pairs, missing, extra } = matchFaces(FACES_BY_EYE[name]!, await detector.detect(photo(name)));
      expect({ missing, extra }).toEqual({ missing: 0, extra: [] });
      for (const { seen, found, overlap } of pairs) {
        expect(overlap).toBeGreaterThan(0.8);
        expect(Math.abs(((faceAngle(found) * 180) / Math.PI - seen.turn + 540) % 360 - 180)).toBeLessThan(8); // biome-ignore format: one line
      }
    },
  );

  it.each(WITHOUT)("finds no face in %s, where there is none", async (name) => {
    expect(FACES_BY_EYE[name]).toEqual([]);
    expect(await detector.detect(photo(name))).toEqual([]);
  });

  it("finds a face cut by the picture's border, with a box that reaches beyond it", async () => {
    const whole = await readImage(photo("grace_hopper.jpg"));
    const [face] = FACES_BY_EYE["grace_hopper.jpg"]!;
    const cut = crop(whole, { left: Math.round(face!.x - face!.side * 0.3), top: 0, width: 300, height: whole.height });
    const [found, ...others] = await detector.detect(cut);
    expect(others).toEqual([]);
    expect(found!.box.x).toBeLessThan(0);
    expect(Math.abs(found!.box.x + found!.box.width / 2 - face!.side * 0.3)).toBeLessThan(face!.side * 0.1);
  });

  it.each(["grace_hopper.jpg", "hopper_rot90.jpg", "hopper_rot180.jpg"])(
    "finds the face of %s when it fills the picture",
    async (name) => {
      const { x, y, side } = FACES_BY_EYE[name]![0]!;
      const [left, top] = [Math.round(x - side / 2), Math.round(y - side / 2)];
      const tight = crop(await readImage(photo(name)), { left, top, width: side, height: side });
      const { missing, extra } = matchFaces([{ x: x - left, y: y - top, side, turn: 0 }], await detector.detect(tight));
      expect({ missing, extra }).toEqual({ missing: 0, extra: [] });
    },
  );

  it("finds small faces in a picture that lies on its side", async () => {
    const upright = await readImage(photo("small_faces_pd.jpg"));
    const lying = turnImage(resizeImage(upright, { width: 800, height: 533, filter: "bilinear" }), 6);
    const seen = FACES_BY_EYE["small_faces_pd.jpg"]!.map(({ x, y, side, turn }) => ({
      x: lying.width - y / 2,
      y: x / 2,
      side: side / 2,
      turn: turn + 90,
    }));
    const { missing, extra } = matchFaces(seen, await detector.detect(lying));
    expect({ missing, extra }).toEqual({ missing: 0, extra: [] });
  });

  it("looks closer for smaller faces when told how small they are, and leaves smaller ones out", async () => {
    const large: Image = await readImage(photo("grace_hopper.jpg"));
    const small = resizeImage(large, { width: 128, height: 150, filter: "bilinear" });
    const picture = { data: new Uint8Array(2400 * 600 * 3).fill(120), width: 2400, height: 600 };
    for (let y = 0; y < 150; y++) picture.data.set(small.data.subarray(y * 384, y * 384 + 384), ((300 + y) * 2400 + 2100) * 3); // biome-ignore format: one line
    const [face, ...others] = await detector.detect(picture, { minSize: 30 });
    expect(others).toEqual([]);
    expect(face!.box.width).toBeGreaterThan(40);
    expect(face!.box.width).toBeLessThan(60);
    expect(await detector.detect(picture, { minSize: 80 })).toEqual([]);
  });
});
