import type { AnswerSchema } from "./check-answer.js";
import { EMOTION_KEYS, scoresSchema } from "./service-result.js";

const share = { type: "number", minimum: 0, maximum: 1 } as const;
const pixels = { type: "number" } as const;

/** JSON Schema of SmartClick's answer. */
export const smartClickSchema = {
  type: "array",
  items: {
    type: "object",
    required: ["probability", "rectangle", "emotion"],
    properties: {
      probability: share,
      rectangle: {
        type: "object",
        required: ["left", "top", "right", "bottom"],
        properties: { left: pixels, top: pixels, right: pixels, bottom: pixels },
      },
      emotion: {
        type: "object",
        required: ["value", "probability", "sentiments"],
        properties: {
          value: { type: "string", enum: EMOTION_KEYS },
          probability: share,
          sentiments: scoresSchema(EMOTION_KEYS, share),
        },
      },
    },
  },
} as const satisfies AnswerSchema;
