import { InputError } from "../../../errors.js";
import { assertFaces } from "../assert-faces.js";
import type { AgeValue, AttributeValue } from "../attributes/attribute-value.js";
import { EMOTIONS, type Emotion, GENDERS, type Gender, RACES, type Race } from "../attributes/canonical-labels.js";
import type { AnalyzedFace } from "../face-analysis.js";

/** The services' keys, in the order of their answers. */
export const EMOTION_KEYS = Object.keys(EMOTIONS) as Emotion[];
export const RACE_KEYS = Object.keys(RACES) as Race[];
export const GENDER_KEYS = Object.keys(GENDERS) as Gender[];

/** A face as services' answers are made of: from `analyzeFaces`, or read from another service's answer. */
export type ServiceFace = Pick<AnalyzedFace, "box" | "attributes"> &
  Partial<Pick<AnalyzedFace, "score" | "landmarks" | "quality" | "vector">>;

/** What a service's answer is made of: a `FaceAnalysis`, or what a parser of an answer gives. */
export interface ServiceResult {
  /** Pixels. Where it is known, boxes are cut at the picture's border. */
  width?: number;
  height?: number;
  faces: readonly ServiceFace[];
}

/**
 * Refuses what is neither a `FaceAnalysis` nor what a parser gives.
 *
 * @throws InputError `input/face`
 */
export function assertResult(result: ServiceResult): void {
  assertFaces(result?.faces);
  for (const { attributes } of result.faces)
    if (typeof attributes !== "object" || attributes === null)
      throw new InputError("input/face", `A face has no "attributes": wanted what analyzeFaces gives, not detect.`);
}

/** A face's edges in pixels, inside of the picture. */
export function edgesOf({ box }: ServiceFace, { width, height }: ServiceResult) {
  const inside = (value: number, limit = Number.POSITIVE_INFINITY) => Math.min(Math.max(value, 0), limit);
  return {
    left: inside(box.x, width),
    top: inside(box.y, height),
    right: inside(box.x + box.width, width),
    bottom: inside(box.y + box.height, height),
  };
}

/** @throws InputError `input/attribute-missing` naming the attribute, if the answer's form can't do without it */
export function neededAttribute<Name extends string>(
  face: ServiceFace,
  name: Name,
  form: string,
): NonNullable<ServiceFace["attributes"][Name]> {
  const value = face.attributes[name];
  if (value) return value;
  throw new InputError(
    "input/attribute-missing",
    `${form} needs the attribute "${name}" of every face. Ask for it: analyzeFaces(picture, { attributes: { ${name}: … } }).`,
    { details: { attribute: name } },
  );
}

/** Every key with its score, 0 where the checkpoint knows no such label, in the order of `keys`. */
export function scoresByKey<Key extends string>(
  { scores }: AttributeValue | AgeValue,
  keys: readonly Key[],
): Record<Key, number> {
  const found = scores as Partial<Record<string, number>>;
  return Object.fromEntries(keys.map((key) => [key, found[key] ?? 0])) as Record<Key, number>;
}

/** JSON Schema of a number for each of these keys and no others. */
export function scoresSchema<Key extends string, Score>(keys: readonly Key[], score: Score) {
  const properties = Object.fromEntries(keys.map((key) => [key, score])) as Record<Key, Score>;
  return { type: "object", required: keys, properties, additionalProperties: false } as const;
}

/** Each of a record's numbers changed. */
export function mapScores<Key extends string>(
  scores: Record<Key, number>,
  change: (score: number) => number,
): Record<Key, number> {
  return Object.fromEntries(Object.entries<number>(scores).map(([key, score]) => [key, change(score)])) as Record<
    Key,
    number
  >;
}

/** Two decimals. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
