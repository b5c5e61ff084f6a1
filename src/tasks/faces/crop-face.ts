import { InputError } from "../../errors.js";
import { crop } from "../../images/crop.js";
import { assertImage, type Image } from "../../images/image.js";
import { DEFAULT_LIMITS } from "../../images/limits.js";
import { resizeImage } from "../../images/resize-image.js";
import { type Corners, warpPerspective } from "../../images/warp-perspective.js";
import { checkOptionNames, choiceOption, rangeOption, wholeOption } from "../options.js";
import { assertFace } from "./assert-faces.js";
import type { Face, Point } from "./face.js";
import { faceAngle } from "./face-angle.js";

type CroppedFace = Pick<Face, "box" | "landmarks">;

export interface CropFaceOptions {
  /** Room on each side of the box, as a share of the box's longer side; 0 to 4. Default 0. */
  margin?: number;
  /** Widens the shorter side to the longer one. Default false, and true where `size` is given. */
  square?: boolean;
  /** `"eyes"` turns the crop so that the eyes lie level, the subject's right one on the left. Default `"none"`. */
  align?: "eyes" | "none";
  /** Side of a square crop in pixels, antialiased. Default: a crop's pixel is as large as the picture's. */
  size?: number;
}

/** Where a crop's points lie in its picture: x = a * u + b * v + c, y = d * u + e * v + f. Points are in pixels, (0, 0) the upper left corner. */
export type AffineMatrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface FaceCrop {
  /** `[height, width, 3]`; what lies outside of the picture is black. */
  image: Image;
  /** From the crop to the picture. */
  matrix: AffineMatrix;
  toPicture(point: Point): Point;
  toCrop(point: Point): Point;
}

const LARGEST_MARGIN = 4;
const LARGEST_SIZE = 4096;

/**
 * Cuts a face out of its picture: upright pixel for pixel, turned by bilinear sampling.
 *
 * @throws InputError `input/image`, `input/face`, `input/option`; `input/size` for a box that asks for more than 50 million pixels, where no `size` is given
 */
export function cropFace(image: Image, face: CroppedFace, options: CropFaceOptions = {}): FaceCrop {
  assertImage(image);
  assertFace(face);
  checkOptionNames(options, ["margin", "square", "align", "size"]);
  rangeOption("margin", options.margin, 0, LARGEST_MARGIN);
  choiceOption("square", options.square, [true, false]);
  choiceOption("align", options.align, ["eyes", "none"]);
  wholeOption("size", options.size, 1, LARGEST_SIZE);
  const longer = Math.max(face.box.width, face.box.height) * (1 + 2 * (options.margin ?? 0));
  if (options.size === undefined || longer <= LARGEST_SIZE) return plainCrop(image, face, options);
  // Two of the picture's pixels for each of the crop's keep all that it can show.
  return shrunkCrop(image, face, options, Math.min(LARGEST_SIZE, 2 * options.size) / longer);
}

function plainCrop(image: Image, face: CroppedFace, options: CropFaceOptions): FaceCrop {
  const { margin = 0, align = "none", size } = options;
  const region = regionOf(face, { margin, isSquare: options.square ?? size !== undefined });
  const angle = align === "eyes" ? faceAngle(face) : 0;
  const native = angle === 0 ? levelCrop(image, region) : turnedCrop(image, region, angle);
  return size === undefined ? native : resized(native, size);
}

/** The crop out of the picture at `scale` of its size, placed in the picture itself. */
function shrunkCrop(image: Image, face: CroppedFace, options: CropFaceOptions, scale: number): FaceCrop {
  const width = Math.max(1, Math.floor(image.width * scale));
  const height = Math.max(1, Math.floor(image.height * scale));
  const [across, down] = [width / image.width, height / image.height];
  const small = {
    box: {
      x: face.box.x * across,
      y: face.box.y * down,
      width: face.box.width * across,
      height: face.box.height * down,
    },
    landmarks: (face.landmarks ?? []).map(({ x, y }) => ({ x: x * across, y: y * down })),
  };
  const found = plainCrop(resizeImage(image, { width, height, filter: "bilinear" }), small, options);
  const [a, b, c, d, e, f] = found.matrix;
  return faceCrop(found.image, [a / across, b / across, c / across, d / down, e / down, f / down]);
}

/** Whole pixels around a middle. */
interface Region {
  centerX: number;
  centerY: number;
  width: number;
  height: number;
}

function regionOf({ box }: Pick<Face, "box">, { margin, isSquare }: { margin: number; isSquare: boolean }): Region {
  const { x, y, width, height } = box;
  const room = 2 * margin * Math.max(width, height);
  const side = isSquare ? Math.max(width, height) : 0;
  const sides = { width: wholeSide(Math.max(width, side) + room), height: wholeSide(Math.max(height, side) + room) };
  // A face is found in a picture, but a caller may hand in any box.
  if (!(sides.width * sides.height <= DEFAULT_LIMITS.maxPixels))
    throw new InputError(
      "input/size",
      `A crop of ${sides.width} x ${sides.height} pixels was asked for; at most ${DEFAULT_LIMITS.maxPixels} are cut out.`,
    );
  return { centerX: x + width / 2, centerY: y + height / 2, ...sides };
}

/** The smallest of faces still gets a pixel. */
function wholeSide(length: number): number {
  return Math.max(1, Math.round(length));
}

function levelCrop(image: Image, { centerX, centerY, width, height }: Region): FaceCrop {
  const left = Math.round(centerX - width / 2);
  const top = Math.round(centerY - height / 2);
  return faceCrop(crop(image, { left, top, width, height }), [1, 0, left, 0, 1, top]);
}

function turnedCrop(image: Image, { centerX, centerY, width, height }: Region, angle: number): FaceCrop {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const left = centerX - (cos * width - sin * height) / 2;
  const top = centerY - (sin * width + cos * height) / 2;
  const matrix: AffineMatrix = [cos, -sin, left, sin, cos, top];
  // Samples are counted from the middle of the first pixel, of the crop as of the picture.
  const sampled = (u: number, v: number) => {
    const { x, y } = transformed(matrix, { x: u + 0.5, y: v + 0.5 });
    return { x: x - 0.5, y: y - 0.5 };
  };
  const corners: Corners = [sampled(0, height), sampled(0, 0), sampled(width, 0), sampled(width, height)];
  return faceCrop(warpPerspective(image, corners, { width, height }), matrix);
}

/** Stretches a crop onto `size` x `size` pixels. */
function resized({ image, matrix: [a, b, c, d, e, f] }: FaceCrop, size: number): FaceCrop {
  const [across, down] = [image.width / size, image.height / size];
  const pixels = resizeImage(image, { width: size, height: size, filter: "bilinear" });
  return faceCrop(pixels, [a * across, b * down, c, d * across, e * down, f]);
}

function faceCrop(image: Image, matrix: AffineMatrix): FaceCrop {
  const [a, b, c, d, e, f] = matrix;
  const area = a * e - b * d;
  return {
    image,
    matrix,
    toPicture: (point) => transformed(matrix, point),
    toCrop: ({ x, y }) => ({ x: (e * (x - c) - b * (y - f)) / area, y: (a * (y - f) - d * (x - c)) / area }),
  };
}

function transformed([a, b, c, d, e, f]: AffineMatrix, { x, y }: Point): Point {
  return { x: a * x + b * y + c, y: d * x + e * y + f };
}
