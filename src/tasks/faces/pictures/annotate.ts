import { type Color, drawDot, drawRectangle, type Rectangle } from "../../../images/draw.js";
import { drawText, textSize } from "../../../images/draw-text.js";
import { assertImage, type Image } from "../../../images/image.js";
import { checkOptionNames, choiceOption } from "../../options.js";
import type { Face } from "../face.js";
import type { AnalyzedFace } from "../face-analysis.js";
import { faceLabels } from "./face-labels.js";

/** A face as the detector or `analyzeFaces` gives it. */
export type DrawnFace = Face & Partial<Pick<AnalyzedFace, "attributes">>;

export interface AnnotateOptions {
  /** What is written beside a face. `"scores"`: the detection score and every attribute with its own. Default `"scores"`. */
  labels?: "scores" | "none" | ((face: DrawnFace, index: number) => readonly string[]);
  /** Default `"dots"`. */
  landmarks?: "dots" | "none";
}

/** Readable on skin, on light and on dark: a bright line in a dark one, white letters on a dark plate. */
const BOX: Color = [0, 220, 90];
const LANDMARK: Color = [255, 60, 60];
const DARK: Color = [16, 20, 28];
const WHITE: Color = [255, 255, 255];
/** Lines and letters grow with the picture, so that they show in a thumbnail of it. */
const LINE_PER_SIDE = 1 / 250;
const LETTERS_PER_SIDE = { usual: 1 / 300, least: 1 / 900 };
/** A label may be this much wider than its face before its letters shrink. */
const LABEL_PER_FACE = 1.5;
/** Fewer letters in a line than this tell nothing. */
const LEAST_LETTERS = 4;

/**
 * A copy of the picture with each face's box, landmarks and labels drawn in. `[height, width, 3]` → the same
 *
 * @throws InputError `input/image`, `input/option`
 */
export function annotate(image: Image, faces: readonly DrawnFace[], options: AnnotateOptions = {}): Image {
  assertImage(image);
  checkOptionNames(options, ["labels", "landmarks"]);
  choiceOption("landmarks", options.landmarks, ["dots", "none"]);
  if (typeof options.labels !== "function") choiceOption("labels", options.labels, ["scores", "none"]);
  const { labels = "scores", landmarks = "dots" } = options;
  const marked: Image = { ...image, data: image.data.slice() };
  const side = Math.min(image.width, image.height);
  const line = Math.max(2, Math.round(side * LINE_PER_SIDE));
  for (const { box, landmarks: points } of faces) {
    drawRectangle(marked, grown(box, Math.ceil(line / 2)), DARK, Math.ceil(line / 2));
    drawRectangle(marked, box, BOX, line);
    if (landmarks === "dots")
      for (const point of points) drawDot(marked, point, LANDMARK, Math.max(1.5, box.width / 40));
  }
  if (labels === "none") return marked;
  const textOf = labels === "scores" ? faceLabels : labels;
  // Written last, so that no line of another face crosses them.
  const texts = faces.map(textOf);
  const scale = letterScale(image, faces, texts);
  const plates: Rectangle[] = [];
  for (const [index, face] of faces.entries()) writeLabel(marked, face, { text: texts[index]!, scale, plates });
  return marked;
}

function writeLabel(
  image: Image,
  { box }: DrawnFace,
  { text, scale, plates }: { text: readonly string[]; scale: number; plates: Rectangle[] },
): void {
  const letters = lettersThatFit(image.width, scale);
  if (text.length === 0 || letters < LEAST_LETTERS) return;
  const lines = text.map((line) => [...line].slice(0, letters).join(""));
  const place = placeFor(image, box, textSize(lines, scale), plates);
  drawText(image, lines, place, { scale, color: WHITE, plate: DARK });
  plates.push(place);
}

/** One for all faces of a picture: as its size asks for, but no wider than suits the face in the middle of their sizes. */
function letterScale(
  { width, height }: Image,
  faces: readonly DrawnFace[],
  texts: readonly (readonly string[])[],
): number {
  const side = Math.min(width, height);
  const least = Math.max(1, Math.round(side * LETTERS_PER_SIDE.least));
  const usual = Math.max(1, Math.round(side * LETTERS_PER_SIDE.usual));
  const fitting = faces
    .map(({ box }, index) => Math.floor((box.width * LABEL_PER_FACE) / textSize(texts[index]!, 1).width))
    .sort((a, b) => a - b);
  return Math.max(least, Math.min(usual, fitting[fitting.length >> 1] ?? usual));
}

function lettersThatFit(width: number, scale: number): number {
  let letters = 0;
  while (textSize(["x".repeat(letters + 1)], scale).width <= width) letters++;
  return letters;
}

/** Above the box, else below, else at its upper edge; where another label is not in the way and the picture has room. */
function placeFor(
  image: Image,
  box: Rectangle,
  size: { width: number; height: number },
  taken: readonly Rectangle[],
): Rectangle {
  const x = Math.max(0, Math.min(Math.round(box.x), image.width - size.width));
  const tops = [box.y - size.height, box.y + box.height, box.y, box.y + box.height - size.height].map(Math.round);
  const places = tops.map((y) => ({ x, y, ...size }));
  const fits = ({ y }: Rectangle) => y >= 0 && y + size.height <= image.height;
  const isFree = (place: Rectangle) => !taken.some((other) => overlap(place, other));
  const [above] = places as [Rectangle];
  const inside = { ...above, y: Math.max(0, Math.min(above.y, image.height - size.height)) };
  return places.find((place) => fits(place) && isFree(place)) ?? places.find(fits) ?? inside;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function grown({ x, y, width, height }: Rectangle, by: number): Rectangle {
  return { x: Math.round(x) - by, y: Math.round(y) - by, width: width + 2 * by, height: height + 2 * by };
}
