import type { AttributeValue, FaceAttributes } from "../attributes/attribute-value.js";
import type { Emotion, Gender, Race } from "../attributes/canonical-labels.js";
import { type AnswerSchema, checkAnswer } from "./check-answer.js";
import {
  EMOTION_KEYS,
  mapScores,
  RACE_KEYS,
  type ServiceFace,
  type ServiceResult,
  scoresSchema,
} from "./service-result.js";
import type { DeepfaceFace } from "./to-deepface.js";

const number = { type: "number" } as const;
/** Float32 sums of deepface reach a little more. */
const percent = { type: "number", minimum: 0, maximum: 100.001 } as const;

const faces = {
  type: "array",
  items: {
    type: "object",
    required: ["region"],
    dependentRequired: { emotion: ["dominant_emotion"], gender: ["dominant_gender"], race: ["dominant_race"] },
    properties: {
      region: {
        type: "object",
        required: ["x", "y", "w", "h"],
        properties: { x: number, y: number, w: number, h: number },
      },
      face_confidence: { type: "number", minimum: 0, maximum: 1 },
      emotion: scoresSchema(EMOTION_KEYS, percent),
      dominant_emotion: { type: "string", enum: EMOTION_KEYS },
      age: { type: "number", minimum: 0, maximum: 150 },
      gender: scoresSchema(["Woman", "Man"], percent),
      dominant_gender: { type: "string", enum: ["Woman", "Man"] },
      race: scoresSchema(RACE_KEYS, percent),
      dominant_race: { type: "string", enum: RACE_KEYS },
    },
  },
} as const satisfies AnswerSchema;

/**
 * Reads what deepface's `analyze` gave, the list or its REST answer `{ results }`, to go on with it here. It tells no score of an age.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromDeepface(answer: unknown): ServiceResult {
  const list = Array.isArray(answer) ? answer : (answer as { results?: unknown } | undefined)?.results;
  checkAnswer(list, faces, "deepface's answer");
  return { faces: (list as DeepfaceFace[]).map(readFace) };
}

function readFace({
  region: { x, y, w, h, left_eye, right_eye },
  face_confidence: score,
  ...face
}: DeepfaceFace): ServiceFace {
  const attributes: FaceAttributes = {};
  const { emotion, age, gender, race } = face;
  if (emotion) attributes.emotion = scored<Emotion>(face.dominant_emotion!, emotion);
  if (age !== undefined)
    attributes.age = { value: age, score: 1, scores: { [age]: 1 }, interval: [age, age], expected: age };
  if (gender)
    attributes.gender = scored<Gender>(face.dominant_gender === "Man" ? "Male" : "Female", {
      Male: gender.Man,
      Female: gender.Woman,
    });
  if (race) attributes.race = scored<Race>(face.dominant_race!, race);
  return {
    box: { x, y, width: w, height: h },
    ...(score !== undefined && { score }),
    ...(left_eye && right_eye && { landmarks: [right_eye, left_eye].map(([x, y]) => ({ x, y })) }),
    attributes,
  };
}

/** From percent. */
function scored<Key extends string>(value: Key, percents: Record<Key, number>): AttributeValue<Key> {
  const scores = mapScores(percents, (part) => part / 100);
  return { value, score: scores[value], scores };
}
