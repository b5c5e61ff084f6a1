import { type Color, fillRectangle } from "../../../images/draw.js";
import { drawText, textSize } from "../../../images/draw-text.js";
import { blankImage, type Image } from "../../../images/image.js";
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

/**
 * All faces of some groups in one picture, each group under its title.
 *
 * @throws InputError `input/option`
 */
export function contactSheet(groups: readonly SheetGroup[], options: ContactSheetOptions = {}): Image {
  checkOptionNames(options, ["size", "columns"]);
  const { size = 96, columns = 12 } = options;
  wholeOption("size", size, 8, 1024);
  wholeOption("columns", columns, 1, 100);
  const step = size + GAP;
  const title = textSize([""], LETTERS).height;
  const heightOf = ({ images }: SheetGroup) => title + Math.ceil(images.length / columns) * step;
  const height = groups.reduce((sum, group) => sum + heightOf(group), GAP);
  const sheet = blankImage(columns * step + GAP, height);
  fillRectangle(sheet, { x: 0, y: 0, width: sheet.width, height }, PAPER);
  let top = GAP;
  for (const group of groups) {
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

function paste(sheet: Image, { data, width, height }: Image, left: number, top: number): void {
  for (let y = 0; y < height; y++)
    sheet.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * sheet.width + left) * 3);
}
