import type { AnswerSchema } from "./check-answer.js";
import { EMOTION_KEYS, GENDER_KEYS, RACE_KEYS, scoresSchema } from "./service-result.js";

const percent = { type: "number", minimum: 0, maximum: 100 } as const;
const text = { type: "string" } as const;

/** JSON Schema of the answer of Scaleflex's face analysis. Attributes are there as far as they were asked for. */
export const scaleflexSchema = {
  type: "object",
  required: ["status", "version", "request_uuid", "result", "faces", "file_downloaded"],
  properties: {
    status: { type: "string", enum: ["success"] },
    version: text,
    request_uuid: text,
    result: text,
    faces: {
      type: "object",
      additionalProperties: {
        type: "object",
        required: ["box"],
        dependentRequired: { emotions: ["dominant_emotion"], races: ["dominant_race"] },
        properties: {
          box: { type: "array", items: { type: "integer" }, minItems: 4, maxItems: 4 },
          emotions: scoresSchema(EMOTION_KEYS, percent),
          dominant_emotion: { type: "string", enum: EMOTION_KEYS },
          races: scoresSchema(RACE_KEYS, percent),
          dominant_race: { type: "string", enum: RACE_KEYS },
          age: { type: "integer", minimum: 0, maximum: 150 },
          gender: { type: "string", enum: GENDER_KEYS },
        },
      },
    },
    file_downloaded: text,
  },
} as const satisfies AnswerSchema;
