import { type CropRegion, crop } from "../../../images/crop.js";
import { fillRectangle } from "../../../images/draw.js";
import { assertImage, type Image } from "../../../images/image.js";
import { resizeImage } from "../../../images/resize-image.js";
import { checkOptionNames, choiceOption, rangeOption } from "../../options.js";
import { assertFaces } from "../assert-faces.js";
import type { Face } from "../face.js";

export interface RedactOptions {
  /**
   * `"blur"` and `"pixelate"` leave a face 6 or 8 pixels wide, spread over its place; `"fill"` leaves nothing, which alone is safe against
   * guessing who it was among a few. Default `"blur"`.
   */
  mode?: "blur" | "pixelate" | "fill";
  /** Room around the box on each side, as a share of its longer side, 0 to 4. Default 0.25: hair, ears and chin go too. */
  margin?: number;
}

export const REDACT_MODES = ["blur", "pixelate", "fill"] as const;
const DEFAULT_MARGIN = 0.25;
/** Pixels that remain of a face's width and height. */
const REMAINING = { blur: 6, pixelate: 8 };

/**
 * A copy of the picture in which no face can be made out. `[height, width, 3]` → the same
 *
 * @throws InputError `input/image`, `input/face`, `input/option`
 */
export function redact(image: Image, faces: readonly Pick<Face, "box">[], options: RedactOptions = {}): Image {
  assertImage(image);
  assertFaces(faces);
  checkOptionNames(options, ["mode", "margin"]);
  choiceOption("mode", options.mode, REDACT_MODES);
  rangeOption("margin", options.margin, 0, 4);
  const { mode = "blur", margin = DEFAULT_MARGIN } = options;
  const hidden: Image = { ...image, data: image.data.slice() };
  for (const { box } of faces) {
    const region = regionOf(hidden, box, margin * Math.max(box.width, box.height));
    if (!region) continue;
    if (mode === "fill") fillRectangle(hidden, { x: region.left, y: region.top, ...sizeOf(region) }, [0, 0, 0]);
    else coarsen(hidden, region, mode);
  }
  return hidden;
}

/** The whole pixels of a box with room around it, as far as they lie in the picture. */
function regionOf(image: Image, { x, y, width, height }: Face["box"], room: number): CropRegion | undefined {
  const left = Math.max(0, Math.floor(x - room));
  const top = Math.max(0, Math.floor(y - room));
  const right = Math.min(image.width, Math.ceil(x + width + room));
  const bottom = Math.min(image.height, Math.ceil(y + height + room));
  return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : undefined;
}

/** Takes a region's detail away for good: down to a few pixels, and up again. */
function coarsen(image: Image, region: CropRegion, mode: "blur" | "pixelate"): void {
  const few = (side: number) => Math.min(side, REMAINING[mode]);
  const small = resizeImage(crop(image, region), {
    width: few(region.width),
    height: few(region.height),
    filter: "bilinear",
  });
  const coarse =
    mode === "blur" ? resizeImage(small, { ...sizeOf(region), filter: "bicubic" }) : enlarged(small, region);
  for (let y = 0; y < region.height; y++)
    image.data.set(
      coarse.data.subarray(y * region.width * 3, (y + 1) * region.width * 3),
      ((region.top + y) * image.width + region.left) * 3,
    );
}

/** Each pixel as a block. */
function enlarged(small: Image, { width, height }: CropRegion): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = Math.floor((y * small.height) / height) * small.width + Math.floor((x * small.width) / width);
      data.set(small.data.subarray(from * 3, from * 3 + 3), (y * width + x) * 3);
    }
  return { data, width, height, channels: 3 };
}

function sizeOf({ width, height }: CropRegion): { width: number; height: number } {
  return { width, height };
}
