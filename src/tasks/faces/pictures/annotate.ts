import { InputError } from "../../../errors.js";
import { type Color, drawDot, drawRectangle, type Rectangle } from "../../../images/draw.js";
import { drawText, textSize } from "../../../images/draw-text.js";
import { assertImage, type Image } from "../../../images/image.js";
import { checkOptionNames, choiceOption } from "../../options.js";
import { assertFaces, assertPoints } from "../assert-faces.js";
import type { Face } from "../face.js";
import type { AnalyzedFace } from "../face-analysis.js";
import { faceLabels } from "./face-labels.js";
import { LabelPlaces } from "./label-places.js";

/** A face as the detector, `analyzeFaces` or the parser of a service's answer gives it. */
export type DrawnFace = Pick<Face, "box"> & Partial<Pick<AnalyzedFace, "score" | "landmarks" | "attributes">>;

export interface AnnotateOptions {
  /**
   * What is written beside a face, a text a line, the most important first. `"scores"`: every attribute with its score, then the detection
   * score. Default `"scores"`.
   */
  labels?: "scores" | "none" | ((face: DrawnFace, index: number) => readonly string[]);
  /** Default `"dots"`. */
  landmarks?: "dots" | "none";
}

/** Readable on skin, on light and on dark: a bright line in a dark one, white letters on a dark plate. */
const DARK: Color = [16, 20, 28];
const WHITE: Color = [255, 255, 255];
const LANDMARK: Color = [255, 60, 60];
/** In turns, so that it can be seen which label is whose where faces are close. */
const FACE_COLORS: readonly Color[] = [
  [0, 220, 90],
  [255, 200, 0],
  [0, 190, 255],
  [255, 120, 220],
  [255, 140, 0],
  [170, 140, 255],
];
/** Lines and letters grow with the picture, so that they show in a thumbnail of it. */
const LINE_PER_SIDE = 1 / 250;
const LETTERS_PER_SIDE = { usual: 1 / 300, least: 1 / 900 };
/** A label may be this much wider than its face before its letters shrink. */
const LABEL_PER_FACE = 1.5;
/** Fewer letters in a line than this tell nothing. */
const LEAST_LETTERS = 4;

/**
 * A copy of the picture with each face's box, landmarks and labels drawn in. Labels lie in the picture, on no other label and hide no face; where
 * there is no room for all of a label, its last lines are left out, or all. `[height, width, 3]` → the same
 *
 * @throws InputError `input/image`, `input/face`, `input/option`
 */
export function annotate(image: Image, faces: readonly DrawnFace[], options: AnnotateOptions = {}): Image {
  assertImage(image);
  assertFaces(faces);
  for (const { landmarks } of faces) if (landmarks) assertPoints(landmarks);
  checkOptionNames(options, ["labels", "landmarks"]);
  choiceOption("landmarks", options.landmarks, ["dots", "none"]);
  if (typeof options.labels !== "function") choiceOption("labels", options.labels, ["scores", "none"]);
  const { labels = "scores", landmarks = "dots" } = options;
  const marked: Image = { ...image, data: image.data.slice() };
  const side = Math.min(image.width, image.height);
  const line = Math.max(2, Math.round(side * LINE_PER_SIDE));
  for (const [index, { box, landmarks: points = [] }] of faces.entries()) {
    drawRectangle(marked, grown(box, Math.ceil(line / 2)), DARK, Math.ceil(line / 2));
    drawRectangle(marked, box, colorOf(index), line);
    if (landmarks === "dots")
      for (const point of points) drawDot(marked, point, LANDMARK, Math.max(1.5, box.width / 40));
  }
  // Written last, so that no line of another face crosses them.
  if (labels !== "none") writeLabels(marked, faces, faces.map(labels === "scores" ? faceLabels : labels));
  return marked;
}

function writeLabels(image: Image, faces: readonly DrawnFace[], texts: readonly (readonly string[])[]): void {
  if (!texts.every(isText)) throw new InputError("input/option", `"labels" must give a list of texts for each face.`);
  const scale = letterScale(image, faces, texts);
  const letters = lettersThatFit(image.width, scale);
  if (letters < LEAST_LETTERS) return;
  const places = new LabelPlaces(
    image,
    faces.map(({ box }) => box),
  );
  for (const [index, { box }] of faces.entries()) {
    const lines = texts[index]!.map((line) => [...line].slice(0, letters).join(""));
    const fewer = lines.map((_, without) => lines.slice(0, lines.length - without));
    const found = places.take(
      box,
      fewer.map((some) => textSize(some, scale)),
    );
    if (!found) continue;
    drawText(image, fewer[found.index]!, found.place, { scale, color: WHITE, plate: DARK });
    drawRectangle(image, found.place, colorOf(index), scale);
  }
}

function isText(lines: readonly string[]): boolean {
  return Array.isArray(lines) && lines.every((line) => typeof line === "string");
}

function colorOf(index: number): Color {
  return FACE_COLORS[index % FACE_COLORS.length]!;
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

function grown({ x, y, width, height }: Rectangle, by: number): Rectangle {
  return { x: Math.round(x) - by, y: Math.round(y) - by, width: width + 2 * by, height: height + 2 * by };
}
