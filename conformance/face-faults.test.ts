import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../src/backend/engine.js";
import type { Image } from "../src/images/image.js";
import { resizeImage } from "../src/images/resize-image.js";
import { warpPerspective } from "../src/images/warp-perspective.js";
import { boxCenters } from "../src/tasks/faces/box-centers.js";
import { decodeDetections } from "../src/tasks/faces/decode-detections.js";
import type { Detection } from "../src/tasks/faces/detection.js";
import { FACE_MODELS } from "../src/tasks/faces/face-models.js";
import { loadNetwork } from "../src/tasks/faces/load-network.js";
import { faceInPicture, type Look, lookPixels, wholePicture } from "../src/tasks/faces/look.js";
import { weightedNms } from "../src/tasks/faces/weighted-nms.js";
import { ForwardPass } from "../src/tasks/forward-pass.js";
import { readImage } from "../src/tasks/image-input.js";
import { packageFile } from "../src/tasks/package-file.js";
import { compareFaces, isWithinBounds, MEDIAPIPE, photo } from "./compare-faces.js";

const { size, grids, minScore } = FACE_MODELS.full;

/** The detector taken apart, so that one step can be done wrong. */
const steps = {
  pixels: (image: Image) => lookPixels(image, wholePicture(image), size),
  normalize: (value: number) => value / 127.5 - 1,
  centers: () => boxCenters(size, grids),
  minScore: minScore as number,
  merge: (detections: Detection[]) => weightedNms(detections),
};
type Steps = typeof steps;

/** The square from `left`, `top`, `width` x `height` pixels of the picture. */
function sampled(image: Image, { left, top, width, height }: Record<"left" | "top" | "width" | "height", number>) {
  const [right, bottom] = [left + width, top + height];
  const corners = [[left, bottom], [left, top], [right, top], [right, bottom]] as const; // biome-ignore format: one line
  const [a, b, c, d] = corners.map(([x, y]) => ({ x, y }));
  return warpPerspective(image, [a!, b!, c!, d!], { width: size, height: size });
}
const whole = ({ centerX, centerY, side }: Look) => ({
  left: centerX - side / 2,
  top: centerY - side / 2,
  width: side,
  height: side,
});
const mapped = (image: Image, change: (data: Uint8Array, at: number) => number): Image => ({
  ...image,
  data: image.data.map((_, at) => change(image.data, at)),
});
const transposed = (centers: Float64Array) => centers.map((_, i) => centers[i ^ 1]!);

const FAULTS: { name: string; on: string; change: Partial<Steps> }[] = [
  {
    name: "BGR instead of RGB",
    on: "astronaut.png",
    change: {
      pixels: (image) => mapped(steps.pixels(image), (data, at) => data[at - (at % 3) + 2 - (at % 3)]!),
    },
  },
  {
    name: "pixels sampled at their middle instead of their corner",
    on: "hopper.jpg",
    change: {
      pixels: (image) => {
        const { left, top, ...sides } = whole(wholePicture(image));
        const shift = (sides.width / size - 1) / 2;
        return sampled(image, { left: left + shift, top: top + shift, ...sides });
      },
    },
  },
  {
    name: "antialiasing",
    on: "montage_pd_4.jpg",
    change: { pixels: (image) => resizeImage(image, { width: size, height: size, filter: "bilinear" }) },
  },
  {
    name: "stretched to the square instead of letterboxed",
    on: "grace_hopper.jpg",
    change: {
      pixels: (image) => sampled(image, { left: 0, top: 0, width: image.width, height: image.height }),
    },
  },
  {
    name: "a letterbox that begins at a whole pixel",
    on: "hopper_tiny.png",
    change: {
      pixels: (image) => {
        const { left, ...rest } = whole(wholePicture(image));
        return sampled(image, { ...rest, left: Math.floor(left) });
      },
    },
  },
  {
    name: "a border that is 0 after normalization instead of before",
    on: "grace_hopper.jpg",
    change: {
      pixels: (image) => {
        const band = ((1 - image.width / image.height) / 2) * size;
        const isBorder = (at: number) => Math.abs((Math.floor(at / 3) % size) - size / 2) > size / 2 - band;
        return mapped(steps.pixels(image), (data, at) => (isBorder(at) ? 127 : data[at]!));
      },
    },
  },
  { name: "pixels in [0, 1]", on: "astronaut.png", change: { normalize: (value) => value / 255 } },
  { name: "the short model's least score", on: "camera.png", change: { minScore: 0.5 } },
  {
    name: "the best box instead of the cluster's mean",
    on: "hopper.jpg",
    change: { merge: (detections) => detections.toSorted((a, b) => b.score - a.score).slice(0, 1) },
  },
  {
    name: "a mean that is not weighted by score",
    on: "hopper.jpg",
    change: {
      merge: (detections) => {
        const [best] = weightedNms(detections);
        return weightedNms(detections.map(({ points }) => ({ score: best!.score, points })));
      },
    },
  },
  {
    name: "boxes merged from an overlap of 0.9 on",
    on: "montage_pd_16.jpg",
    change: { merge: (detections) => weightedNms(detections, 0.9) },
  },
  {
    name: "cells counted by columns",
    on: "hopper.jpg",
    change: { centers: () => transposed(boxCenters(size, grids)) },
  },
  {
    name: "centers at the corners of their cells",
    on: "hopper.jpg",
    change: { centers: () => boxCenters(size, grids).map((center) => center - 0.5 / 48) },
  },
];

describe("a mistake in the full range detector", () => {
  let pass: ForwardPass;
  beforeAll(async () => {
    await useEngine();
    pass = new ForwardPass(
      await loadNetwork(FACE_MODELS.full.build, packageFile("weights/blazeface/full.safetensors")),
    );
  });
  afterAll(() => pass.dispose());

  /** Whether the faces of a photograph are MediaPipe's when steps are done in another way. */
  async function passes(name: string, change: Partial<Steps>): Promise<boolean> {
    const { pixels, normalize, centers, merge, ...rest } = { ...steps, ...change };
    const image = await readImage(photo(name));
    const values = Float32Array.from(pixels(image).data, normalize);
    const raw = await pass.run(values, [1, size, size, 3], ["classificators", "regressors"]);
    const boxes = { classificators: raw.get("classificators")!.data, regressors: raw.get("regressors")!.data };
    const detections = merge(decodeDetections(boxes, { centers: centers(), size, minScore: rest.minScore }));
    const faces = detections.map((detection) => faceInPicture(detection, wholePicture(image)));
    return isWithinBounds(compareFaces(faces, MEDIAPIPE[name]!, "full"));
  }

  it.each([...new Set(FAULTS.map(({ on }) => on))])("is not there: %s passes as it is", async (name) => {
    expect(await passes(name, {})).toBe(true);
  });

  it.each(FAULTS)("is caught: $name, on $on", async ({ on, change }) => {
    expect(await passes(on, change)).toBe(false);
  });
});
