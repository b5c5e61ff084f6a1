import type { Emotion } from "../attributes/canonical-labels.js";
import { assertResult, EMOTION_KEYS, type ServiceResult, scoresByKey } from "./service-result.js";

/** What face-api.js calls the emotions, in its order. */
export const EXPRESSIONS = {
  neutral: "neutral",
  happy: "happy",
  sad: "sad",
  angry: "angry",
  fearful: "fear",
  disgusted: "disgust",
  surprised: "surprise",
} as const satisfies Record<string, Emotion>;

/** A face as face-api.js's `detectAllFaces(…).withFaceExpressions().withAgeAndGender().withFaceDescriptors()` gives it, as plain data. */
export interface FaceApiFace {
  detection: {
    /** 0 to 1. */
    score: number;
    classScore: number;
    className: "";
    /** Pixels. */
    box: { x: number; y: number; width: number; height: number };
    imageDims: { width: number; height: number };
  };
  expressions?: Record<keyof typeof EXPRESSIONS, number>;
  gender?: "male" | "female";
  genderProbability?: number;
  /** Years. */
  age?: number;
  descriptor?: Float32Array;
}

/**
 * The faces in face-api.js's form, so that code written for it goes on: `detection.box`, `expressions.happy`, `age`, `gender`, `descriptor`.
 * Without its 68 landmarks, which have no counterpart here, and without its classes' methods.
 *
 * @throws InputError `input/face`
 */
export function toFaceApi(result: ServiceResult & { width: number; height: number }): FaceApiFace[] {
  assertResult(result);
  return result.faces.map(({ box: { x, y, width, height }, score = 0, attributes, vector }) => {
    const { emotion, gender, age } = attributes;
    const found = emotion && scoresByKey(emotion, EMOTION_KEYS);
    return {
      detection: {
        score,
        classScore: score,
        className: "",
        box: { x, y, width, height },
        imageDims: { width: result.width, height: result.height },
      },
      ...(found && {
        expressions: Object.fromEntries(
          Object.entries(EXPRESSIONS).map(([name, key]) => [name, found[key]]),
        ) as FaceApiFace["expressions"] & {},
      }),
      ...(gender && {
        gender: gender.value === "Male" ? ("male" as const) : ("female" as const),
        genderProbability: gender.score,
      }),
      ...(age && { age: age.value }),
      ...(vector && { descriptor: vector }),
    };
  });
}
