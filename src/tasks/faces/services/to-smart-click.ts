import { InputError } from "../../../errors.js";
import type { Emotion } from "../attributes/canonical-labels.js";
import {
  assertResult,
  EMOTION_KEYS,
  edgesOf,
  hundredths,
  neededAttribute,
  type ServiceResult,
  scoresByKey,
} from "./service-result.js";

/** A face in SmartClick's answer; lengths in pixels. */
export interface SmartClickFace {
  /** 0 to 1, two decimals. */
  probability: number;
  rectangle: { left: number; top: number; right: number; bottom: number };
  emotion: {
    value: Emotion;
    /** 0 to 1, two decimals. */
    probability: number;
    /** Sums to 1, unrounded. */
    sentiments: Record<Emotion, number>;
  };
}

/**
 * SmartClick's answer: a bare list, one object a face.
 *
 * @throws InputError `input/face`; `input/attribute-missing` without emotions, `input/score-missing` without detection scores
 */
export function toSmartClick(result: ServiceResult): SmartClickFace[] {
  assertResult(result);
  return result.faces.map((face) => {
    const emotion = neededAttribute(face, "emotion", "SmartClick's answer");
    if (face.score === undefined)
      throw new InputError(
        "input/score-missing",
        `SmartClick's answer needs the "score" of every face; this result comes from a service that does not tell it.`,
      );
    return {
      probability: hundredths(face.score),
      rectangle: edgesOf(face, result),
      emotion: {
        value: emotion.value,
        probability: hundredths(emotion.score),
        sentiments: scoresByKey(emotion, EMOTION_KEYS),
      },
    };
  });
}
