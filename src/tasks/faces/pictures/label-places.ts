import type { Rectangle } from "../../../images/draw.js";

interface Size {
  width: number;
  height: number;
}

/** More of a face than this must not be hidden by a label. */
const LARGEST_HIDDEN_SHARE = 1 / 4;

/** Finds places for the labels of a picture's faces: inside of the picture, on no other label, and on no face if that can be helped. */
export class LabelPlaces {
  private readonly taken: Rectangle[] = [];
  private readonly faces: readonly Rectangle[];

  /** @param boxes of all faces, also of those without a label; pixels */
  constructor(
    private readonly picture: Size,
    boxes: readonly Rectangle[],
  ) {
    this.faces = boxes.map((box) => this.visible(rounded(box)));
  }

  /**
   * Takes a place at a box for the first of `sizes` that finds one: beside it where that hides no face, else where it hides little of any.
   *
   * @param sizes in the order in which they are wanted, pixels
   * @returns the place and which size it has; `undefined` where a picture is too small or too full
   */
  take(box: Rectangle, sizes: readonly Size[]): { place: Rectangle; index: number } | undefined {
    for (const most of [0, LARGEST_HIDDEN_SHARE])
      for (const [index, size] of sizes.entries()) {
        const place = this.bestPlace(box, size, most);
        if (!place) continue;
        this.taken.push(place);
        return { place, index };
      }
    return undefined;
  }

  /** The place that hides least, the first of equal ones. */
  private bestPlace(box: Rectangle, size: Size, most: number): Rectangle | undefined {
    const candidates = this.candidates(box, size).filter((place) => this.isInside(place));
    // In a crowd, most faces and labels are far from all of them.
    const around = boundsOf(candidates);
    const faces = this.faces.filter((face) => sharedArea(face, around) > 0);
    const taken = this.taken.filter((other) => sharedArea(other, around) > 0);
    let best: Rectangle | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const place of candidates) {
      if (taken.some((other) => sharedArea(place, other) > 0)) continue;
      const hidden = Math.max(0, ...faces.map((face) => hiddenShare(face, place)));
      if (hidden <= most && hidden < least) [best, least] = [place, hidden];
    }
    return best;
  }

  /** Above the box, below it, to its right and left, and in its lower and upper edge; moved along that side as far as the picture asks for. */
  private candidates(box: Rectangle, size: Size): Rectangle[] {
    const { x, y, width, height } = rounded(box);
    const [right, bottom] = [x + width, y + height];
    const [ends, sides] = [[x, right - size.width], [y, bottom - size.height]] as const; // biome-ignore format: one line
    const across = (top: number) => ends.map((left) => ({ x: inside(left, this.picture.width - size.width), y: top }));
    const along = (left: number) =>
      sides.map((top) => ({ x: left, y: inside(top, this.picture.height - size.height) }));
    return [
      ...across(y - size.height),
      ...across(bottom),
      ...along(right),
      ...along(x - size.width),
      ...across(Math.min(bottom, this.picture.height) - size.height),
      ...across(Math.max(y, 0)),
    ].map((corner) => ({ ...corner, ...size }));
  }

  private isInside({ x, y, width, height }: Rectangle): boolean {
    return x >= 0 && y >= 0 && x + width <= this.picture.width && y + height <= this.picture.height;
  }

  /** The part of a box that lies in the picture. */
  private visible({ x, y, width, height }: Rectangle): Rectangle {
    const [left, top] = [inside(x, this.picture.width), inside(y, this.picture.height)];
    const [right, bottom] = [inside(x + width, this.picture.width), inside(y + height, this.picture.height)];
    return { x: left, y: top, width: right - left, height: bottom - top };
  }
}

function rounded({ x, y, width, height }: Rectangle): Rectangle {
  const [left, top] = [Math.round(x), Math.round(y)];
  return { x: left, y: top, width: Math.round(x + width) - left, height: Math.round(y + height) - top };
}

/** The smallest rectangle around some others. */
function boundsOf(rectangles: readonly Rectangle[]): Rectangle {
  const left = Math.min(...rectangles.map(({ x }) => x));
  const top = Math.min(...rectangles.map(({ y }) => y));
  const right = Math.max(...rectangles.map(({ x, width }) => x + width));
  const bottom = Math.max(...rectangles.map(({ y, height }) => y + height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function inside(value: number, limit: number): number {
  return Math.max(0, Math.min(value, limit));
}

function sharedArea(a: Rectangle, b: Rectangle): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, across) * Math.max(0, down);
}

/** The part of a face that a label hides, 0 to 1. */
function hiddenShare(face: Rectangle, label: Rectangle): number {
  return sharedArea(face, label) / Math.max(1, face.width * face.height);
}
