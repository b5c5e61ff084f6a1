import { checkAnswer } from "./check-answer.js";
import type { ServiceResult } from "./service-result.js";
import { smartClickSchema } from "./smart-click-schema.js";
import type { SmartClickFace } from "./to-smart-click.js";

/**
 * Reads an answer of SmartClick's, to go on with it here.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromSmartClick(answer: unknown): ServiceResult {
  checkAnswer(answer, smartClickSchema, "SmartClick's answer");
  return {
    faces: (answer as SmartClickFace[]).map(({ probability, rectangle, emotion: { value, sentiments } }) => ({
      box: {
        x: rectangle.left,
        y: rectangle.top,
        width: rectangle.right - rectangle.left,
        height: rectangle.bottom - rectangle.top,
      },
      score: probability,
      // The unrounded one of the two scores that it tells.
      attributes: { emotion: { value, score: sentiments[value], scores: sentiments } },
    })),
  };
}
