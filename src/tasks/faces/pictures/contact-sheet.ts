import { InputError } from "../../../errors.js";
import { type Color, fillRectangle } from "../../../images/draw.js";
import { drawText, textSize } from "../../../images/draw-text.js";
import { blankImage, type Image } from "../../../images/image.js";
import { DEFAULT_LIMITS } from "../../../images/limits.js";
import { resizeImage } from "../../../images/resize-image.js";
import { checkOptionNames, wholeOption } from "../../options.js";

/** Faces that belong together. */
export interface SheetGroup {
  title: string;
  /** Each `[height, width, 3]`, of any size. */
  images: readonly Image[];
}

export interface ContactSheetOptions {
  /** Side of a face, pixels. Default 96. */
  size?: number;
  /** Faces in a row. Default 12. */
  columns?: number;
}

const PAPER: Color = [24, 28, 36];
const INK: Color = [235, 238, 245];
const GAP = 4;
const LETTERS = 2;
/** Pixels: what a JPEG can hold. */
const HIGHEST = 65_500;

/**
 * All faces of some groups in one picture, each group under its title. Of more than a picture of 50 million pixels holds, the first, and a last
 * line that counts the others.
 *
 * @throws InputError `input/option`, `input/image`
 */
export function contactSheet(groups: readonly SheetGroup[], options: ContactSheetOptions = {}): Image {
  checkOptionNames(options, ["size", "columns"]);
  if (!Array.isArray(groups) || !groups.every(isGroup))
    throw new InputError("input/option", "A contact sheet needs a list of groups { title, images }.");
  const { size = 96, columns = 12 } = options;
  wholeOption("size", size, 8, 1024);
  wholeOption("columns", columns, 1, 100);
  const step = size + GAP;
  const title = textSize([""], LETTERS).height;
  const heightOf = ({ images }: SheetGroup) => title + Math.ceil(images.length / columns) * step;
  const width = columns * step + GAP;
  const highest = Math.min(HIGHEST, Math.floor(DEFAULT_LIMITS.maxPixels / width));
  const shown: SheetGroup[] = [];
  let height = GAP;
  let left = 0;
  for (const group of groups) {
    const rows = Math.floor((highest - title - height - title) / step); // the second title is for what is left
    const fitting = { ...group, images: group.images.slice(0, Math.max(0, rows) * columns) };
    left += group.images.length - fitting.images.length;
    if (rows < 1) continue;
    shown.push(fitting);
    height += heightOf(fitting);
  }
  if (left > 0) {
    shown.push({ title: `and ${left} more`, images: [] });
    height += title;
  }
  const sheet = blankImage(width, height);
  fillRectangle(sheet, { x: 0, y: 0, width: sheet.width, height }, PAPER);
  let top = GAP;
  for (const group of shown) {
    drawText(sheet, [group.title], { x: 0, y: top }, { scale: LETTERS, color: INK, plate: PAPER });
    for (const [index, image] of group.images.entries()) {
      const x = GAP + (index % columns) * step;
      const y = top + title + Math.floor(index / columns) * step;
      paste(sheet, resizeImage(image, { width: size, height: size, filter: "bicubic" }), x, y);
    }
    top += heightOf(group);
  }
  return sheet;
}

function isGroup(group: SheetGroup): boolean {
  return typeof group?.title === "string" && Array.isArray(group.images);
}

function paste(sheet: Image, { data, width, height }: Image, left: number, top: number): void {
  for (let y = 0; y < height; y++)
    sheet.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * sheet.width + left) * 3);
}
