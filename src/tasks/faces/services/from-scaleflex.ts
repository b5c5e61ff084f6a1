import type { FaceAttributes } from "../attributes/attribute-value.js";
import { checkAnswer } from "./check-answer.js";
import { scaleflexSchema } from "./scaleflex-schema.js";
import { mapScores, type ServiceFace, type ServiceResult } from "./service-result.js";
import type { ScaleflexAnswer, ScaleflexFace, ScaleflexOptions } from "./to-scaleflex.js";

/**
 * Reads an answer of Scaleflex's face analysis, to go on with it here. It tells no detection scores, and of gender and age no scores.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromScaleflex(answer: unknown): ServiceResult & Required<ScaleflexOptions> {
  checkAnswer(answer, scaleflexSchema, "Scaleflex's answer");
  const { faces, file_downloaded, request_uuid, result } = answer as ScaleflexAnswer;
  return {
    faces: Object.values(faces).map(readFace),
    name: file_downloaded,
    requestId: request_uuid,
    resultUrl: result,
  };
}

function readFace({ box: [left, top, right, bottom], age, gender, ...face }: ScaleflexFace): ServiceFace {
  const attributes: FaceAttributes = {};
  const share = (percent: number) => percent / 100;
  if (face.emotions) {
    const value = face.dominant_emotion!;
    const scores = mapScores(face.emotions, share);
    attributes.emotion = { value, score: scores[value], scores };
  }
  if (face.races) {
    const value = face.dominant_race!;
    const scores = mapScores(face.races, share);
    attributes.race = { value, score: scores[value], scores };
  }
  if (age !== undefined)
    attributes.age = { value: age, score: 1, scores: { [age]: 1 }, interval: [age, age], expected: age };
  if (gender !== undefined) attributes.gender = { value: gender, score: 1, scores: { [gender]: 1 } };
  return { box: { x: left, y: top, width: right - left, height: bottom - top }, attributes };
}
