import { crop } from "../../images/crop.js";
import type { Image } from "../../images/image.js";
import { resizeImage } from "../../images/resize-image.js";
import { checkOptionNames, rangeOption, wholeOption } from "../options.js";
import { random } from "../random.js";

/** How pictures are changed, so that a head learns what does not matter. */
export interface Augmentation {
  /** Changed views of each training picture, besides the picture itself. Each passes the backbone once. Default 1. */
  views?: number;
  /** Share of the views that are mirrored left to right. Default, and for true, 0.5; false: 0. */
  flip?: number | boolean;
  /** Smallest share of the area that a view keeps. Default, and for true, 0.5; false: 1, nothing is cut off. */
  crop?: number | boolean;
  /** Most that brightness, contrast and saturation change, as a share. Default, and for true, 0.2; false: 0. */
  color?: number | boolean;
}

const BY_DEFAULT = { flip: 0.5, crop: 0.5, color: 0.2 };
const NO_CHANGE = { flip: 0, crop: 1, color: 0 };
const LEAST = { flip: 0, crop: 0.01, color: 0 };
const CHANGES = ["flip", "crop", "color"] as const;

/** Shapes of the cut, width over height, relative to the picture's. As torchvision's RandomResizedCrop. */
const ASPECT = { least: 3 / 4, most: 4 / 3 };
/** Weights of red, green and blue in a gray of equal lightness: ITU-R 601, as in Pillow. */
const GRAY = [0.299, 0.587, 0.114] as const;

/** @throws InputError `input/option` */
export function checkAugmentation(augmentation: Augmentation): void {
  checkOptionNames(augmentation, ["views", "flip", "crop", "color"]);
  wholeOption("views", augmentation.views, 1, 1000);
  for (const name of CHANGES)
    if (typeof augmentation[name] !== "boolean") rangeOption(name, augmentation[name], LEAST[name], 1);
}

/** One view of each picture. */
export interface View {
  /** Says all that makes it, beside the picture. */
  key: string;
  apply(image: Image, hash: string): Image;
}

/** The views that an augmentation makes. What a view looks like depends on the seed, its number and the picture's content, on nothing else. */
export function viewsOf(augmentation: Augmentation | undefined, seed: number): View[] {
  if (!augmentation) return [];
  const { views = 1 } = augmentation;
  const [flip, area, color] = CHANGES.map((name) => {
    const asked = augmentation[name] ?? true;
    return typeof asked === "number" ? asked : (asked ? BY_DEFAULT : NO_CHANGE)[name];
  }) as [number, number, number];
  return Array.from({ length: views }, (_, number) => ({
    key: `view ${number} of seed ${seed}: flip ${flip}, crop ${area}, color ${color}`,
    apply: (image, hash) => changed(image, { flip, area, color }, random(seedOf(hash, seed, number))),
  }));
}

function changed(
  image: Image,
  { flip, area, color }: { flip: number; area: number; color: number },
  draw: () => number,
): Image {
  const between = (least: number, most: number) => least + draw() * (most - least);
  const cut = cutOut(
    image,
    between(area, 1),
    Math.exp(between(Math.log(ASPECT.least), Math.log(ASPECT.most))),
    draw,
    area,
  );
  const turned = draw() < flip ? mirrored(cut) : cut;
  const share = () => between(1 - color, 1 + color);
  return color === 0 ? turned : recolored(turned, { brightness: share(), contrast: share(), saturation: share() });
}

/** A part of the picture at the picture's own size. */
function cutOut(image: Image, share: number, aspect: number, draw: () => number, area: number): Image {
  const { width, height } = image;
  const side = (length: number, part: number) => Math.min(length, Math.max(1, Math.round(length * part)));
  const cut = { width: side(width, Math.sqrt(share * aspect)), height: side(height, Math.sqrt(share / aspect)) };
  const left = Math.floor(draw() * (width - cut.width + 1));
  const top = Math.floor(draw() * (height - cut.height + 1));
  if (area === 1) return image;
  return resizeImage(crop(image, { left, top, ...cut }), { width, height, filter: "bilinear" });
}

function mirrored(image: Image): Image {
  const { width, height, data } = image;
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      result.set(data.subarray(from, from + 3), (y * width + width - 1 - x) * 3);
    }
  return { ...image, data: result };
}

/** Brightness, then contrast around the mean gray, then saturation; each a factor. */
function recolored(
  image: Image,
  { brightness, contrast, saturation }: { brightness: number; contrast: number; saturation: number },
): Image {
  const { data } = image;
  const grayAt = (i: number) => GRAY[0] * data[i]! + GRAY[1] * data[i + 1]! + GRAY[2] * data[i + 2]!;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += grayAt(i);
  const mean = (brightness * sum) / (data.length / 3);
  const result = new Uint8ClampedArray(data.length);
  const contrasted = (value: number) => (brightness * value - mean) * contrast + mean;
  for (let i = 0; i < data.length; i += 3) {
    const gray = contrasted(grayAt(i));
    for (let channel = i; channel < i + 3; channel++)
      result[channel] = (contrasted(data[channel]!) - gray) * saturation + gray;
  }
  return { ...image, data: new Uint8Array(result.buffer) };
}

function seedOf(hash: string, seed: number, view: number): number {
  return (
    (Number.parseInt(hash.slice(0, 8), 16) ^ Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(view + 1, 0x85ebca6b)) >>> 0
  );
}
