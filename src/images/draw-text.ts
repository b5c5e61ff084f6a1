import { GLYPH, glyphRows } from "./bitmap-font.js";
import { type Color, fillRectangle } from "./draw.js";
import { assertImage, type Image } from "./image.js";

/** Room around a text and between its lines and characters, in the font's own pixels. */
const PADDING = 2;
const GAP = 1;

export interface TextStyle {
  /** Picture pixels for each of the font's; 1 gives letters 7 pixels high. */
  scale: number;
  color: Color;
  /** What the text stands on, so that it can be read on anything. */
  plate: Color;
}

/** Pixels that some lines of text take with their plate. */
export function textSize(lines: readonly string[], scale: number): { width: number; height: number } {
  const longest = Math.max(...lines.map((line) => [...line].length), 0);
  const width = longest * (GLYPH.width + GAP) - GAP + 2 * PADDING;
  return { width: width * scale, height: (lines.length * (GLYPH.height + GAP) - GAP + 2 * PADDING) * scale };
}

/**
 * Draws lines of text on a filled plate into `image` itself; what lies outside the image is left out.
 *
 * @param corner upper left corner of the plate, pixels
 * @throws InputError `input/image`
 */
export function drawText(
  image: Image,
  lines: readonly string[],
  corner: { x: number; y: number },
  { scale, color, plate }: TextStyle,
): void {
  assertImage(image);
  const left = Math.round(corner.x);
  const top = Math.round(corner.y);
  fillRectangle(image, { x: left, y: top, ...textSize(lines, scale) }, plate);
  for (const [line, text] of lines.entries())
    for (const [column, character] of [...text].entries())
      for (const [row, dots] of glyphRows(character).entries())
        for (let dot = 0; dot < GLYPH.width; dot++) {
          if (dots[dot] !== "#") continue;
          const x = left + (PADDING + column * (GLYPH.width + GAP) + dot) * scale;
          const y = top + (PADDING + line * (GLYPH.height + GAP) + row) * scale;
          fillRectangle(image, { x, y, width: scale, height: scale }, color);
        }
}
