import type { SeenFace } from "../../../conformance/faces-by-eye.js";

export interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A face to copy, and where it is in its photograph. */
export interface Original extends SeenFace {
  picture: Picture;
}

/** Radius of the disk that is copied, in sides of the face: with hair and neck, since detectors look for heads. */
const DISK = 0.85;

/** A copy of `background` with faces pasted in, `side` pixels wide and turned by `turn` degrees, each in the middle of its place. */
export function pasteFaces(
  background: Picture,
  originals: readonly Original[],
  { side, turn }: { side: number; turn: number },
): { picture: Picture; seen: SeenFace[] } {
  const picture = { ...background, data: background.data.slice() };
  const seen = originals.map((original, i) => {
    const place = { x: ((i + 0.5) / originals.length) * picture.width, y: picture.height / 2, side, turn };
    paste(picture, original, place);
    return place;
  });
  return { picture, seen };
}

/** Fills a disk of the picture from the face, averaging where the face is shrunk. */
function paste(into: Picture, original: Original, { x, y, side, turn }: SeenFace): void {
  const scale = original.side / side;
  const angle = ((original.turn - turn) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const reach = Math.floor(DISK * side);
  const samples = Math.max(1, Math.round(scale));
  for (let down = -reach; down <= reach; down++)
    for (let across = -reach; across <= reach; across++) {
      if (Math.hypot(across, down) > reach) continue;
      const sums = [0, 0, 0];
      for (let sample = 0; sample < samples ** 2; sample++) {
        const u = across + ((sample % samples) + 0.5) / samples - 0.5;
        const v = down + (Math.floor(sample / samples) + 0.5) / samples - 0.5;
        const color = colorAt(original.picture, original.x + u * cos - v * sin, original.y + u * sin + v * cos);
        for (const channel of [0, 1, 2]) sums[channel]! += color[channel]!;
      }
      const at = (Math.round(y + down) * into.width + Math.round(x + across)) * 3;
      for (const channel of [0, 1, 2]) into.data[at + channel] = Math.round(sums[channel]! / samples ** 2);
    }
}

/** Bilinear; the nearest pixel beyond the border. */
function colorAt({ data, width, height }: Picture, x: number, y: number): number[] {
  const left = Math.min(Math.max(x, 0), width - 1.001);
  const top = Math.min(Math.max(y, 0), height - 1.001);
  const [column, row] = [Math.floor(left), Math.floor(top)];
  const [right, down] = [left - column, top - row];
  return [0, 1, 2].map((channel) => {
    const value = (i: number, j: number) => data[((row + j) * width + column + i) * 3 + channel]!;
    const upper = value(0, 0) * (1 - right) + value(1, 0) * right;
    return upper * (1 - down) + (value(0, 1) * (1 - right) + value(1, 1) * right) * down;
  });
}
