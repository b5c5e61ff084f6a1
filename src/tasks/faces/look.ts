import type { Image } from "../../images/image.js";
import { type Border, type Corners, warpPerspective } from "../../images/warp-perspective.js";
import type { Detection } from "./detection.js";
import type { Face, Point } from "./face.js";

/** A square of a picture that a network looks at; it may be turned, and reach beyond the picture. Lengths in pixels of the picture. */
export interface Look {
  readonly centerX: number;
  readonly centerY: number;
  readonly side: number;
  /** Clockwise, radians: a face turned by as much stands upright in the look. */
  readonly angle: number;
}

/** The square around the whole picture: its longer side, black where the picture ends. */
export function wholePicture({ width, height }: Pick<Image, "width" | "height">): Look {
  return { centerX: width / 2, centerY: height / 2, side: Math.max(width, height), angle: 0 };
}

/** The same square lying on either side and upside down. */
export function turned(look: Look): Look[] {
  return [Math.PI / 2, Math.PI, -Math.PI / 2].map((turn) => ({ ...look, angle: look.angle + turn }));
}

/** The pixels of a look, sampled exactly as MediaPipe does. → `[size, size, 3]` */
export function lookPixels(image: Image, look: Look, size: number, border: Border = "black"): Image {
  const corner = (u: number, v: number) => toPicture(look, u, v);
  const corners: Corners = [corner(0, 1), corner(0, 0), corner(1, 0), corner(1, 1)];
  return warpPerspective(image, corners, { width: size, height: size, border });
}

/** Brings a detection from a look back to the picture. */
export function faceInPicture({ score, points }: Detection, look: Look): Face {
  const inPicture = Array.from({ length: points.length / 2 }, (_, i) =>
    toPicture(look, points[2 * i]!, points[2 * i + 1]!),
  );
  const [topLeft, bottomRight, ...landmarks] = inPicture as [Point, Point];
  return { box: turnedBox(topLeft, bottomRight, look.angle), score, landmarks };
}

/** From fractions of the look to pixels of the picture. */
export function toPicture({ centerX, centerY, side, angle }: Look, u: number, v: number): Point {
  // Without the detour over sine and cosine, so that upright looks keep MediaPipe's last bit.
  if (angle === 0) return { x: u * side + (centerX - side / 2), y: v * side + (centerY - side / 2) };
  const across = (u - 0.5) * side;
  const down = (v - 0.5) * side;
  return {
    x: centerX + across * Math.cos(angle) - down * Math.sin(angle),
    y: centerY + across * Math.sin(angle) + down * Math.cos(angle),
  };
}

/**
 * The upright box for one that was found in a turned look: the same middle and nearly the same area. Width and height change places over
 * a quarter turn; the box that encloses a turned one would be up to twice as large.
 */
function turnedBox(topLeft: Point, bottomRight: Point, angle: number): Face["box"] {
  if (angle === 0) return { ...topLeft, width: bottomRight.x - topLeft.x, height: bottomRight.y - topLeft.y };
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [across, down] = [bottomRight.x - topLeft.x, bottomRight.y - topLeft.y];
  const inLook = { width: across * cos + down * sin, height: down * cos - across * sin };
  const width = inLook.width * cos ** 2 + inLook.height * sin ** 2;
  const height = inLook.width * sin ** 2 + inLook.height * cos ** 2;
  return {
    x: (topLeft.x + bottomRight.x - width) / 2,
    y: (topLeft.y + bottomRight.y - height) / 2,
    width,
    height,
  };
}
