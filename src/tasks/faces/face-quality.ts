import type { Image } from "../../images/image.js";
import type { Face } from "./face.js";
import { faceAngle } from "./face-angle.js";
import { sharpnessOf } from "./sharpness.js";

/** Whether a face can be judged at all: what is small, blurred, turned away or cut off gives attributes of little worth. */
export interface FaceQuality {
  /** The box's shorter side, pixels of the picture. */
  size: number;
  /** The part of the box that lies in the picture, 0 to 1. */
  visible: number;
  /** 0 for a flat face. In this repository's photographs faces in focus have 0.18 to 1.7, and below 0.08 once blurred to 16 pixels. */
  sharpness: number;
  /** Degrees; positive: the face is turned to the right of the picture. An estimate from six points, good to some 10 degrees. */
  yaw: number;
  /** Degrees; positive: the face looks up. An estimate from six points, good to some 15 degrees. */
  pitch: number;
  /** Degrees; positive: the face is tilted clockwise. */
  roll: number;
}

/**
 * How far the nose tip stands out before the line between the ears, over half of that line: some 120 mm to 72 mm in adults (tragion to
 * nose tip and bitragion breadth of anthropometric tables).
 */
const NOSE_DEPTH_PER_HALF_WIDTH = 120 / 72;
/** The nose tip's way from the eyes to the mouth on a level face, as a share: the median of the frontal faces in this repository. */
const LEVEL_NOSE = 0.53;
/** How far the nose tip stands out before the plane of eyes and mouth, over their distance: some 30 mm to 65 mm. */
const NOSE_HEIGHT_PER_FACE = 30 / 65;

/** @param crop the face's pixels, from which its sharpness is read, `[height, width, 3]` */
export function faceQuality(face: Face, picture: { width: number; height: number }, crop: Image): FaceQuality {
  return {
    size: Math.min(face.box.width, face.box.height),
    visible: visiblePart(face, picture),
    sharpness: sharpnessOf(crop),
    ...poseOf(face),
  };
}

function visiblePart({ box }: Face, { width, height }: { width: number; height: number }): number {
  const across = Math.min(box.x + box.width, width) - Math.max(box.x, 0);
  const down = Math.min(box.y + box.height, height) - Math.max(box.y, 0);
  return (Math.max(0, across) * Math.max(0, down)) / (box.width * box.height);
}

function poseOf(face: Face): Pick<FaceQuality, "yaw" | "pitch" | "roll"> {
  const angle = faceAngle(face);
  // Measured in the face's own frame: x to the subject's left, y from the eyes to the mouth.
  const level = face.landmarks.map(({ x, y }) => ({
    x: x * Math.cos(angle) + y * Math.sin(angle),
    y: y * Math.cos(angle) - x * Math.sin(angle),
  }));
  const [rightEye, leftEye, nose, mouth, rightEar, leftEar] = level as [Face["landmarks"][0], ...typeof level];
  const halfWidth = (leftEar!.x - rightEar!.x) / 2;
  const turned = nose!.x - (leftEar!.x + rightEar!.x) / 2;
  const eyes = (rightEye.y + leftEye!.y) / 2;
  const way = (nose!.y - eyes) / Math.max(mouth!.y - eyes, Number.EPSILON);
  return {
    yaw: degrees(Math.atan2(turned / NOSE_DEPTH_PER_HALF_WIDTH, Math.max(halfWidth, 0))),
    pitch: degrees(Math.atan((LEVEL_NOSE - way) / NOSE_HEIGHT_PER_FACE)),
    roll: degrees(angle),
  };
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
