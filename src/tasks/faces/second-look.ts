import type { Image } from "../../images/image.js";
import type { BoxDetector } from "./box-detector.js";
import type { Face } from "./face.js";
import { faceAngle } from "./face-angle.js";
import { type Look, turned } from "./look.js";
import { faceOverlap, mergeFaces } from "./merge-faces.js";

/** A second look's side in sides of the face: where both networks tell faces from others best; docs/faces.md has the measurement. */
const ROOM = 3.4;
/**
 * Least agreement of both networks, by default: halfway between the highest score of what is no face, 0.62, and the lowest of a face, 0.72;
 * docs/faces.md.
 */
export const AGREED_SCORE = 0.67;
/** Both networks' boxes of one face, and a face and what it was looked for as: they share more than this of their union. */
const SAME_FACE = 0.3;
/** A face that is turned by more than this in its look is looked at once more, level; radians. */
const LEVEL = Math.PI / 12;
/** Two networks of different make: both must see a face. */
export interface Judges {
  short: Pick<BoxDetector, "detect" | "dispose">;
  full: Pick<BoxDetector, "detect" | "dispose">;
}

interface Seen {
  face: Face;
  look: Look;
}

/**
 * The candidates that turn out to be faces when both networks look at them from nearby, level: first as their own eyes say, then lying on
 * either side or upside down. Box and landmarks are the mean of both networks', the score is the lower one.
 */
export async function secondLook(
  image: Image,
  candidates: readonly Face[],
  judges: Judges,
  options: { minScore: number; signal?: AbortSignal | undefined },
): Promise<Face[]> {
  const look = (looks: Look[]) => judge(image, looks, judges, options);
  const first = await look(candidates.map(levelLook));
  const sure = first.filter((one) => one && one.face.score >= AGREED_SCORE);
  const doubted = candidates.flatMap((candidate, i) =>
    sure.includes(first[i]) ? [] : [{ candidate, upright: first[i] }],
  );
  // A network that is shown a lying face often takes it for an upright one, with wrong landmarks.
  const others = doubted.map(({ candidate }) => turned(levelLook(candidate)));
  const lying = await look(others.flat());
  const best = doubted.map(({ upright }, i) => highest([upright, ...lying.splice(0, others[i]!.length)]));
  const seen = [...sure, ...best].filter((one) => one !== undefined);
  const isLevel = ({ face, look }: Seen) => Math.abs(remainder(faceAngle(face) - look.angle)) <= LEVEL;
  const leveled = await look(seen.filter((one) => !isLevel(one)).map(({ face }) => levelLook(face)));
  return [...seen.filter(isLevel), ...leveled].flatMap((one) => (one ? [one.face] : []));
}

function levelLook(face: Face): Look {
  const { x, y, width, height } = face.box;
  const side = ROOM * Math.max(width, height);
  return { centerX: x + width / 2, centerY: y + height / 2, side, angle: faceAngle(face) };
}

/** What both networks see in the middle of each look. */
async function judge(
  image: Image,
  looks: readonly Look[],
  { short, full }: Judges,
  options: { minScore: number; signal?: AbortSignal | undefined },
): Promise<(Seen | undefined)[]> {
  // Where the short range network, a quarter of the other's work, sees nothing, the other is not asked.
  const shortFaces = await short.detect(image, looks, options);
  const open = looks.flatMap((_, i) => (shortFaces[i]!.length > 0 ? [i] : []));
  const fullFaces = await full.detect(image, open.map((i) => looks[i]!), options); // biome-ignore format: one line
  const seen: (Seen | undefined)[] = looks.map(() => undefined);
  for (const [at, i] of open.entries()) {
    const look = looks[i]!;
    const one = inMiddle(fullFaces[at]!, look);
    const other = one && shortFaces[i]!.find((face) => faceOverlap(face, one) > SAME_FACE);
    if (other) seen[i] = { look, face: { ...mergeFaces([one, other])[0]!, score: Math.min(one.score, other.score) } };
  }
  return seen;
}

/** The face that was looked for: of faces side by side each has its own look. */
function inMiddle(faces: readonly Face[], { centerX, centerY, side }: Look): Face | undefined {
  const width = side / ROOM;
  const box = { x: centerX - width / 2, y: centerY - width / 2, width, height: width };
  return faces.find((face) => faceOverlap(face, { ...face, box }) > SAME_FACE);
}

function highest(seen: readonly (Seen | undefined)[]): Seen | undefined {
  return seen.reduce((best, one) => (one && (!best || one.face.score > best.face.score) ? one : best), undefined);
}

/** The same angle from -π to π. */
function remainder(angle: number): number {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}
