import type { FaceAttributes } from "../attributes/attribute-value.js";
import type { Emotion } from "../attributes/canonical-labels.js";
import type { Point } from "../face.js";
import { type AnswerSchema, checkAnswer } from "./check-answer.js";
import { type ServiceFace, type ServiceResult, scoresSchema } from "./service-result.js";
import { EXPRESSIONS, type FaceApiFace } from "./to-face-api.js";

const number = { type: "number" } as const;
/** Float32 probabilities reach a little more than 1. */
const share = { type: "number", minimum: 0, maximum: 1.00001 } as const;

const faces = {
  type: "array",
  items: {
    type: "object",
    required: ["detection"],
    dependentRequired: { gender: ["genderProbability"] },
    properties: {
      detection: {
        type: "object",
        required: ["score", "box"],
        properties: {
          score: share,
          box: {
            type: "object",
            required: ["x", "y", "width", "height"],
            properties: { x: number, y: number, width: number, height: number },
          },
          imageDims: {
            type: "object",
            required: ["width", "height"],
            properties: { width: { ...number, minimum: 1 }, height: { ...number, minimum: 1 } },
          },
        },
      },
      positions: {
        type: "array",
        items: { type: "object", required: ["x", "y"], properties: { x: number, y: number } },
      },
      expressions: scoresSchema(Object.keys(EXPRESSIONS) as (keyof typeof EXPRESSIONS)[], share),
      gender: { type: "string", enum: ["male", "female"] },
      genderProbability: share,
      age: { type: "number", minimum: -20, maximum: 150 },
      descriptor: { type: "array", items: number },
    },
  },
} as const satisfies AnswerSchema;

/** Where the eyes are among the 68 landmarks; the subject's right one first. */
const EYES = [
  [36, 42],
  [42, 48],
] as const;
const LANDMARKS = 68;

type PlainFace = Omit<FaceApiFace, "descriptor"> & { positions?: Point[]; descriptor?: number[] };

/**
 * Reads what face-api.js's `detectAllFaces` gave, with whatever was asked for behind it (landmarks, expressions, age and gender, descriptors), to
 * go on with it here: its own objects, or what `JSON.stringify` kept of them. Of 68 landmarks it takes the middles of the eyes; descriptors become
 * `vector` as they are.
 *
 * @throws InputError `input/service-answer` saying which field is not as it must be
 */
export function fromFaceApi(answer: unknown): ServiceResult {
  const list: unknown = Array.isArray(answer) ? answer.map(plainFace) : answer;
  checkAnswer(list, faces, "face-api.js's answer");
  const found = list as PlainFace[];
  const { width, height } = found[0]?.detection.imageDims ?? {};
  return { ...(width && height && { width, height }), faces: found.map(readFace) };
}

/** A face without face-api.js's classes. Without more, `detectAllFaces` gives detections themselves. */
function plainFace(face: unknown): unknown {
  if (typeof face !== "object" || face === null) return face;
  const { detection = face, landmarks, ...rest } = face as Record<string, unknown>;
  const positions = fieldOf(landmarks, "positions");
  const imageDims = fieldOf(detection, "imageDims");
  const known = {
    detection: {
      score: fieldOf(detection, "score"),
      box: fieldsOf(fieldOf(detection, "box"), "x", "y", "width", "height"),
      ...(imageDims !== undefined && { imageDims: fieldsOf(imageDims, "width", "height") }),
    },
    ...(Array.isArray(positions) &&
      positions.length === LANDMARKS && { positions: positions.map((point) => fieldsOf(point, "x", "y")) }),
    // As JSON a typed array is an object with a number for each index.
    ...(isObject(rest.descriptor) && { descriptor: Object.values(rest.descriptor) }),
  };
  return { ...rest, ...known };
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A field by its name, which is a getter's, or by that of the private field behind it, which is what JSON keeps. */
function fieldOf(object: unknown, name: string): unknown {
  if (!isObject(object)) return undefined;
  const fields = object as Record<string, unknown>;
  return fields[name] ?? fields[`_${name}`];
}

function fieldsOf(object: unknown, ...names: string[]): unknown {
  return isObject(object) ? Object.fromEntries(names.map((name) => [name, fieldOf(object, name)])) : object;
}

function readFace({ detection, positions, expressions, age, gender, ...face }: PlainFace): ServiceFace {
  const attributes: FaceAttributes = {};
  if (expressions) {
    const names = Object.keys(EXPRESSIONS) as (keyof typeof EXPRESSIONS)[];
    const best = names.reduce((a, b) => (expressions[b] > expressions[a] ? b : a));
    const scores = Object.fromEntries(names.map((name) => [EXPRESSIONS[name], expressions[name]]));
    attributes.emotion = {
      value: EXPRESSIONS[best],
      score: expressions[best],
      scores: scores as Record<Emotion, number>,
    };
  }
  if (age !== undefined) {
    const years = Math.max(0, age); // its model does not know that there is nothing below
    attributes.age = { value: years, score: 1, scores: { [years]: 1 }, interval: [years, years], expected: years };
  }
  if (gender) {
    const score = face.genderProbability!;
    const other = Math.max(0, 1 - score);
    attributes.gender =
      gender === "male"
        ? { value: "Male", score, scores: { Male: score, Female: other } }
        : { value: "Female", score, scores: { Male: other, Female: score } };
  }
  return {
    box: detection.box,
    score: detection.score,
    ...(positions && { landmarks: EYES.map(([first, end]) => middleOf(positions.slice(first, end))) }),
    attributes,
    ...(face.descriptor && { vector: Float32Array.from(face.descriptor) }),
  };
}

function middleOf(points: readonly Point[]): Point {
  const mean = (axis: "x" | "y") => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { x: mean("x"), y: mean("y") };
}
