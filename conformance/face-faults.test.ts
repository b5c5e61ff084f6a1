import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../src/backend/engine.js";
import type { Image } from "../src/images/image.js";
import { resizeImage } from "../src/images/resize-image.js";
import { warpPerspective } from "../src/images/warp-perspective.js";
import { boxCenters } from "../src/tasks/faces/box-centers.js";
import { decodeDetections } from "../src/tasks/faces/decode-detections.js";
import type { Detection } from "../src/tasks/faces/detection.js";
import { faceInPicture } from "../src/tasks/faces/face.js";
import { FACE_MODELS } from "../src/tasks/faces/face-models.js";
import { type Letterbox, letterbox } from "../src/tasks/faces/letterbox.js";
import { loadBoxModel } from "../src/tasks/faces/load-box-model.js";
import { weightedNms } from "../src/tasks/faces/weighted-nms.js";
import { ForwardPass } from "../src/tasks/forward-pass.js";
import { readImage } from "../src/tasks/image-input.js";
import { packageFile } from "../src/tasks/package-file.js";
import { compareFaces, isWithinBounds, MEDIAPIPE, photo } from "./compare-faces.js";

const { size, grids, minScore } = FACE_MODELS.full;

/** The detector taken apart, so that one step can be done wrong. */
const steps = {
  square: (image: Image) => letterbox(image, size),
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
const whole = ({ side, left, top }: Letterbox) => ({ left, top, width: side, height: side });
function withPixels(pixelsOf: (image: Image, place: Letterbox) => Image): Steps["square"] {
  return (image) => {
    const place = letterbox(image, size);
    return { ...place, pixels: pixelsOf(image, place) };
  };
}
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
      square: withPixels((_, { pixels }) => mapped(pixels, (data, at) => data[at - (at % 3) + 2 - (at % 3)]!)),
    },
  },
  {
    name: "pixels sampled at their middle instead of their corner",
    on: "hopper.jpg",
    change: {
      square: withPixels((image, place) => {
        const shift = (place.side / size - 1) / 2;
        return sampled(image, { ...whole(place), left: place.left + shift, top: place.top + shift });
      }),
    },
  },
  {
    name: "antialiasing",
    on: "montage_pd_4.jpg",
    change: { square: withPixels((image) => resizeImage(image, { width: size, height: size, filter: "bilinear" })) },
  },
  {
    name: "stretched to the square instead of letterboxed",
    on: "grace_hopper.jpg",
    change: {
      square: withPixels((image) => sampled(image, { left: 0, top: 0, width: image.width, height: image.height })),
    },
  },
  {
    name: "a letterbox that begins at a whole pixel",
    on: "hopper_tiny.png",
    change: { square: withPixels((image, place) => sampled(image, { ...whole(place), left: Math.floor(place.left) })) },
  },
  {
    name: "a border that is 0 after normalization instead of before",
    on: "grace_hopper.jpg",
    change: {
      square: withPixels((image, { pixels }) => {
        const band = ((1 - image.width / image.height) / 2) * size;
        const isBorder = (at: number) => Math.abs((Math.floor(at / 3) % size) - size / 2) > size / 2 - band;
        return mapped(pixels, (data, at) => (isBorder(at) ? 127 : data[at]!));
      }),
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
    pass = new ForwardPass(await loadBoxModel(FACE_MODELS.full, packageFile("weights/blazeface/full.safetensors")));
  });
  afterAll(() => pass.dispose());

  /** Whether the faces of a photograph are MediaPipe's when steps are done in another way. */
  async function passes(name: string, change: Partial<Steps>): Promise<boolean> {
    const { square, normalize, centers, merge, ...rest } = { ...steps, ...change };
    const { pixels, ...place } = square(await readImage(photo(name)));
    const values = Float32Array.from(pixels.data, normalize);
    const raw = await pass.run(values, [1, size, size, 3], ["classificators", "regressors"]);
    const boxes = { classificators: raw.get("classificators")!.data, regressors: raw.get("regressors")!.data };
    const detections = merge(decodeDetections(boxes, { centers: centers(), size, minScore: rest.minScore }));
    const faces = detections.map((detection) => faceInPicture(detection, place));
    return isWithinBounds(compareFaces(faces, MEDIAPIPE[name]!, "full"));
  }

  it.each([...new Set(FAULTS.map(({ on }) => on))])("is not there: %s passes as it is", async (name) => {
    expect(await passes(name, {})).toBe(true);
  });

  it.each(FAULTS)("is caught: $name, on $on", async ({ on, change }) => {
    expect(await passes(on, change)).toBe(false);
  });
});
