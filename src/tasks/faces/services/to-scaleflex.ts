import { textOption } from "../../options.js";
import type { Emotion, Gender, Race } from "../attributes/canonical-labels.js";
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

/** A face in Scaleflex's answer. Each attribute is there only if it was asked for. */
export interface ScaleflexFace {
  /** Left, top, right, bottom in whole pixels. */
  box: [number, number, number, number];
  /** Percent, two decimals. */
  emotions?: Record<Emotion, number>;
  dominant_emotion?: Emotion;
  /** Percent, two decimals. */
  races?: Record<Race, number>;
  dominant_race?: Race;
  /** Whole years. */
  age?: number;
  gender?: Gender;
}

export interface ScaleflexAnswer {
  status: "success";
  version: string;
  request_uuid: string;
  /** Where the annotated picture is. */
  result: string;
  /** `face_0`, `face_1`, … best first. */
  faces: Record<`face_${number}`, ScaleflexFace>;
  /** The picture's file name. */
  file_downloaded: string;
}

export interface ScaleflexOptions {
  /** The picture's file name; of a path, its last part. Default "". */
  name?: string;
  /** Default: a new one. */
  requestId?: string;
  /** URL of the annotated picture. Default "". */
  resultUrl?: string;
}

/** The version whose form this is. */
const VERSION = "2.9.3";

/**
 * Scaleflex VXP's answer of its face analysis.
 *
 * @throws InputError `input/face`, `input/option`
 */
export function toScaleflex(result: ServiceResult, options: ScaleflexOptions = {}): ScaleflexAnswer {
  assertResult(result);
  const { name = "", requestId = crypto.randomUUID(), resultUrl = "" } = options ?? {};
  for (const [option, value] of Object.entries({ name, requestId, resultUrl })) textOption(option, value);
  return {
    status: "success",
    version: VERSION,
    request_uuid: requestId,
    result: resultUrl,
    faces: Object.fromEntries(result.faces.map((face, index) => [`face_${index}`, scaleflexFace(face, result)])),
    file_downloaded: name.split(/[\\/]/).pop()!,
  };
}

function scaleflexFace(face: ServiceFace, result: ServiceResult): ScaleflexFace {
  const { left, top, right, bottom } = edgesOf(face, result);
  const { emotion, race, age, gender } = face.attributes;
  const percent = (score: number) => hundredths(score * 100);
  return {
    box: [Math.round(left), Math.round(top), Math.round(right), Math.round(bottom)],
    ...(emotion && {
      emotions: mapScores(scoresByKey(emotion, EMOTION_KEYS), percent),
      dominant_emotion: emotion.value,
    }),
    ...(race && { races: mapScores(scoresByKey(race, RACE_KEYS), percent), dominant_race: race.value }),
    ...(age && { age: Math.round(age.value) }),
    ...(gender && { gender: gender.value }),
  };
}
