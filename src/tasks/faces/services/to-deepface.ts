import type { Emotion, Race } from "../attributes/canonical-labels.js";
import {
  assertResult,
  EMOTION_KEYS,
  edgesOf,
  hundredths,
  mapScores,
  RACE_KEYS,
  type ServiceFace,
  type ServiceResult,
  scoresByKey,
} from "./service-result.js";

/** A face as deepface's `DeepFace.analyze` gives it. Each attribute is there only if it was asked for. */
export interface DeepfaceFace {
  /** Percent, unrounded. */
  emotion?: Record<Emotion, number>;
  dominant_emotion?: Emotion;
  /** Whole pixels; eyes as the subject has them. */
  region: { x: number; y: number; w: number; h: number; left_eye?: [number, number]; right_eye?: [number, number] };
  /** 0 to 1, two decimals. */
  face_confidence: number;
  /** Whole years. */
  age?: number;
  /** Percent, unrounded. */
  gender?: { Woman: number; Man: number };
  dominant_gender?: "Woman" | "Man";
  /** Percent, unrounded. */
  race?: Record<Race, number>;
  dominant_race?: Race;
}

/**
 * The faces in the form of deepface's `analyze`; its REST answer is `{ results: toDeepface(result) }`.
 *
 * @throws InputError `input/face`
 */
export function toDeepface(result: ServiceResult): DeepfaceFace[] {
  assertResult(result);
  const percent = (score: number) => score * 100;
  return result.faces.map((face) => {
    const { emotion, age, gender, race } = face.attributes;
    const genders = gender && scoresByKey(gender, ["Female", "Male"]);
    return {
      ...(emotion && {
        emotion: mapScores(scoresByKey(emotion, EMOTION_KEYS), percent),
        dominant_emotion: emotion.value,
      }),
      region: regionOf(face, result),
      face_confidence: hundredths(face.score ?? 0),
      ...(age && { age: Math.trunc(age.value) }),
      ...(gender &&
        genders && {
          gender: { Woman: genders.Female * 100, Man: genders.Male * 100 },
          dominant_gender: gender.value === "Male" ? ("Man" as const) : ("Woman" as const),
        }),
      ...(race && { race: mapScores(scoresByKey(race, RACE_KEYS), percent), dominant_race: race.value }),
    };
  });
}

function regionOf(face: ServiceFace, result: ServiceResult): DeepfaceFace["region"] {
  const { left, top, right, bottom } = edgesOf(face, result);
  const [x, y] = [Math.round(left), Math.round(top)];
  const region = { x, y, w: Math.round(right) - x, h: Math.round(bottom) - y };
  const [rightEye, leftEye] = face.landmarks ?? [];
  if (!rightEye || !leftEye) return region;
  const whole = (point: { x: number; y: number }): [number, number] => [Math.round(point.x), Math.round(point.y)];
  return { ...region, left_eye: whole(leftEye), right_eye: whole(rightEye) };
}
