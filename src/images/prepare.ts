import { InputError } from "../errors.js";
import { type CenterRounding, centerCrop } from "./crop.js";
import { assertImage, type Image } from "./image.js";
import { type ResizeFilter, resizeImage } from "./resize-image.js";

type Channels = readonly [red: number, green: number, blue: number];

/** The way from decoded pixels to a model's input. Sizes in pixels. */
export interface PreparePlan {
  /** To this size whatever the shape ("squash"), or keeping it until the shorter side has this length. */
  resize?: ({ width: number; height: number } | { shortestEdge: number }) & { filter: ResizeFilter };
  /** Cut from the middle after the resize. */
  centerCrop?: { width: number; height: number; rounding: CenterRounding };
  /** What a byte is multiplied by before mean and std; 1/255 nearly always. */
  rescale: number;
  mean: Channels;
  std: Channels;
}

/**
 * Resizes, crops and normalizes a picture, bit for bit as transformers' Pillow processors and timm's transforms do.
 *
 * `[height, width, 3]` bytes → `[height, width, 3]` float32, written into `values` from `offset` on, so that a batch
 * `[batch, height, width, 3]` is filled without copies.
 *
 * @returns the size that was written
 * @throws InputError `input/image`, `input/size`, `input/filter`; `input/buffer` when `values` is too short
 */
export function prepareImage(
  image: Image,
  plan: PreparePlan,
  values: Float32Array,
  offset = 0,
): { width: number; height: number } {
  const { data, width, height } = resizeAndCrop(image, plan);
  if (offset < 0 || offset + data.length > values.length)
    throw new InputError(
      "input/buffer",
      `A picture of [${height}, ${width}, 3] needs ${data.length} values from ${offset} on; there are ${values.length}.`,
    );
  const [red, green, blue] = [0, 1, 2].map((channel) => levels(plan, channel)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let i = 0; i < data.length; i += 3) {
    values[offset + i] = red[data[i]!]!;
    values[offset + i + 1] = green[data[i + 1]!]!;
    values[offset + i + 2] = blue[data[i + 2]!]!;
  }
  return { width, height };
}

/**
 * The part of a picture that the model sees after resize and crop, in pixels of the picture; larger than it where the crop fills up with black.
 *
 * @param size of the picture in pixels
 */
export function seenRegion(
  size: { width: number; height: number },
  { resize, centerCrop: cut }: Pick<PreparePlan, "resize" | "centerCrop">,
): { x: number; y: number; width: number; height: number } {
  const resized = resize ? targetSize(size, resize) : size;
  const scaleX = size.width / resized.width;
  const scaleY = size.height / resized.height;
  const { width, height } = cut ?? resized;
  return {
    x: ((resized.width - width) / 2) * scaleX,
    y: ((resized.height - height) / 2) * scaleY,
    width: width * scaleX,
    height: height * scaleY,
  };
}

function resizeAndCrop(image: Image, { resize, centerCrop: cut }: PreparePlan): Image {
  assertImage(image);
  const resized = resize ? resizeImage(image, { ...targetSize(image, resize), filter: resize.filter }) : image;
  return cut ? centerCrop(resized, cut.width, cut.height, cut.rounding) : resized;
}

/** The longer side is rounded down, as torchvision, transformers and timm all do. */
function targetSize(
  { width, height }: { width: number; height: number },
  resize: NonNullable<PreparePlan["resize"]>,
): { width: number; height: number } {
  if (!("shortestEdge" in resize)) return { width: resize.width, height: resize.height };
  const short = resize.shortestEdge;
  const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: short, height: long } : { width: long, height: short };
}

/**
 * A channel's input for each byte, `[256]`. The rounding steps are those of both references: they scale in float64
 * (transformers) or divide in float32 (timm), which agree for all 256 bytes at 1/255, and normalize in float32.
 */
function levels({ rescale, mean, std }: PreparePlan, channel: number): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: 256 }, (_, byte) =>
    fround(fround(fround(byte * rescale) - fround(mean[channel]!)) / fround(std[channel]!)),
  );
}
