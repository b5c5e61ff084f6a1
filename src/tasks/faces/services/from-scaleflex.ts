import type { FaceAttributes } from "../attributes/attribute-value.js";
import { GENDERS, type Gender } from "../attributes/canonical-labels.js";
import { AnswerFields } from "./answer-fields.js";
import { mapScores, type ServiceFace, type ServiceResult } from "./service-result.js";
import { RACE_KEYS, type ScaleflexOptions } from "./to-scaleflex.js";
import { EMOTION_KEYS } from "./to-smart-click.js";

const FORM = "Scaleflex's answer";
const GENDER_KEYS = Object.keys(GENDERS) as Gender[];

/**
 * Reads an answer of Scaleflex's face analysis, to go on with it here. It tells no detection scores, and of gender and age no scores.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromScaleflex(answer: unknown): ServiceResult & Required<ScaleflexOptions> {
  const fields = new AnswerFields(answer, FORM, "");
  fields.text("status", ["success"]);
  fields.text("version");
  const faces = fields.object("faces");
  return {
    faces: faces.names().map((name) => readFace(faces.object(name))),
    name: fields.text("file_downloaded"),
    requestId: fields.text("request_uuid"),
    resultUrl: fields.text("result"),
  };
}

function readFace(face: AnswerFields): ServiceFace {
  const [left, top, right, bottom] = face.numbers("box", 4) as [number, number, number, number];
  const attributes: FaceAttributes = {};
  const share = (percent: number) => percent / 100;
  if (face.has("emotions")) {
    const scores = mapScores(face.scores("emotions", EMOTION_KEYS, 100), share);
    const value = face.text("dominant_emotion", EMOTION_KEYS);
    attributes.emotion = { value, score: scores[value], scores };
  }
  if (face.has("races")) {
    const scores = mapScores(face.scores("races", RACE_KEYS, 100), share);
    const value = face.text("dominant_race", RACE_KEYS);
    attributes.race = { value, score: scores[value], scores };
  }
  if (face.has("age")) {
    const value = face.number("age", 0, 150);
    attributes.age = { value, score: 1, scores: { [value]: 1 }, interval: [value, value], expected: value };
  }
  if (face.has("gender")) {
    const value = face.text("gender", GENDER_KEYS);
    attributes.gender = { value, score: 1, scores: { [value]: 1 } };
  }
  return { box: { x: left, y: top, width: right - left, height: bottom - top }, attributes };
}
