import { InputError } from "../../../errors.js";
import { AnswerFields } from "./answer-fields.js";
import type { ServiceResult } from "./service-result.js";
import { EMOTION_KEYS } from "./to-smart-click.js";

const FORM = "SmartClick's answer";

/**
 * Reads an answer of SmartClick's, to go on with it here.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromSmartClick(answer: unknown): ServiceResult {
  if (!Array.isArray(answer))
    throw new InputError("input/service-answer", `${FORM} must be a list with one object a face.`);
  return {
    faces: answer.map((entry, index) => {
      const face = new AnswerFields(entry, FORM, `[${index}]`);
      const rectangle = face.object("rectangle");
      const emotion = face.object("emotion");
      const [x, y] = [rectangle.number("left"), rectangle.number("top")];
      const scores = emotion.scores("sentiments", EMOTION_KEYS, 1);
      const value = emotion.text("value", EMOTION_KEYS);
      emotion.number("probability", 0, 1);
      return {
        box: { x, y, width: rectangle.number("right") - x, height: rectangle.number("bottom") - y },
        score: face.number("probability", 0, 1),
        // The unrounded one of the two that it tells.
        attributes: { emotion: { value, score: scores[value], scores } },
      };
    }),
  };
}
