import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packageFile } from "../../package-file.js";
import type { FaceAnalysis } from "../face-analysis.js";
import { checkAnswer } from "./check-answer.js";
import { fromDeepface } from "./from-deepface.js";
import { fromFaceApi } from "./from-face-api.js";
import { fromScaleflex } from "./from-scaleflex.js";
import { fromSmartClick } from "./from-smart-click.js";
import { scaleflexSchema } from "./scaleflex-schema.js";
import { smartClickSchema } from "./smart-click-schema.js";
import { toDeepface } from "./to-deepface.js";
import { toFaceApi } from "./to-face-api.js";
import { toScaleflex } from "./to-scaleflex.js";
import { toSmartClick } from "./to-smart-click.js";

/** The services' own samples. */
const sample = (name: string) =>
  JSON.parse(readFileSync(packageFile(`conformance/goldens/services/${name}.json`), "utf8"));

/** What `analyzeFaces` would have found in the picture of SmartClick's sample. */
const portrait: FaceAnalysis = {
  width: 400,
  height: 500,
  faces: [
    {
      box: {
        x: 71.38750197336044,
        y: 47.552113214756055,
        width: 291.84930589000385 - 71.38750197336044,
        height: 450.8455882774045 - 47.552113214756055,
      },
      score: 0.97862,
      landmarks: [
        { x: 140.4, y: 180.6 },
        { x: 230.2, y: 181.5 },
      ],
      quality: { size: 220, visible: 1, sharpness: 0.5, yaw: 0, pitch: 0, roll: 0 },
      attributes: {
        emotion: {
          value: "happy",
          score: 0.9026057124137878,
          // In no order of any service.
          scores: {
            sad: 0.0005883954581804574,
            neutral: 0.09413523972034454,
            happy: 0.9026057124137878,
            angry: 0.0016742909792810678,
            fear: 0.00010980576917063445,
            disgust: 7.964045653352514e-5,
            surprise: 0.0008069504983723164,
          },
        },
      },
    },
  ],
};

/** What it would have found in that of Scaleflex's. */
const friends: FaceAnalysis = {
  width: 1280,
  height: 720,
  faces: [
    {
      box: { x: 466.71, y: 269.4, width: 109.5, height: 146.2 },
      score: 0.9,
      landmarks: [],
      quality: { size: 109.5, visible: 1, sharpness: 0.5, yaw: 0, pitch: 0, roll: 0 },
      attributes: {
        race: {
          value: "white",
          score: 0.342563,
          scores: {
            white: 0.342563,
            black: 0.004212,
            "latino hispanic": 0.296409,
            asian: 0.008938,
            indian: 0.032349,
            "middle eastern": 0.315529,
          },
        },
        gender: { value: "Male", score: 0.99, scores: { Male: 0.99, Female: 0.01 } },
        age: { value: 34.4, score: 0.6, scores: { "30-39": 0.6 }, interval: [30, 39], expected: 35 },
        emotion: {
          value: "happy",
          score: 0.988451,
          scores: {
            happy: 0.988451,
            sad: 0.003001,
            angry: 0.000703,
            disgust: 0.000312,
            fear: 0.000199,
            surprise: 0.005796,
            neutral: 0.001581,
          },
        },
      },
    },
  ],
};
const asked = {
  name: "album/friends.jpg",
  requestId: "4f74f084-39a3-48f7-829a-336b55e8fd13",
  resultUrl: sample("scaleflex").result,
};

/** With a face's attributes changed. */
const withAttributes = (analysis: FaceAnalysis, attributes: object): FaceAnalysis => ({
  ...analysis,
  faces: analysis.faces.map((face) => ({ ...face, attributes: { ...attributes } })),
});

describe("toSmartClick", () => {
  it("reproduces the sample field by field: keys, their order, unrounded and rounded numbers", () => {
    expect(JSON.stringify(toSmartClick(portrait))).toBe(JSON.stringify(sample("smart-click")));
  });

  it("gives an empty list where there is no face", () => {
    expect(toSmartClick({ ...portrait, faces: [] })).toEqual([]);
  });

  it("keeps rectangles inside of the picture", () => {
    const face = { ...portrait.faces[0]!, box: { x: -10, y: 400, width: 500, height: 200 } };
    const [{ rectangle }] = toSmartClick({ ...portrait, faces: [face] }) as [ReturnType<typeof toSmartClick>[0]];
    expect(rectangle).toEqual({ left: 0, top: 400, right: 400, bottom: 500 });
  });

  it("gives all seven sentiments of a checkpoint that knows fewer", () => {
    const emotion = { value: "happy", score: 0.75, scores: { happy: 0.75, sad: 0.25 } };
    const [{ emotion: found }] = toSmartClick(withAttributes(portrait, { emotion })) as [
      ReturnType<typeof toSmartClick>[0],
    ];
    expect(Object.keys(found.sentiments)).toEqual(Object.keys(sample("smart-click")[0].emotion.sentiments));
    expect(found.sentiments).toMatchObject({ happy: 0.75, sad: 0.25, fear: 0 });
  });

  it("names what is missing", () => {
    expect(() => toSmartClick(withAttributes(portrait, {}))).toThrow(
      expect.objectContaining({ code: "input/attribute-missing", details: { attribute: "emotion" } }),
    );
    expect(() => toSmartClick(fromScaleflex(sample("scaleflex")))).toThrow(
      expect.objectContaining({ code: "input/score-missing" }),
    );
  });
});

describe("toScaleflex", () => {
  it("reproduces the sample field by field: keys, their order, whole pixels, percent in two decimals", () => {
    expect(JSON.stringify(toScaleflex(friends, asked))).toBe(JSON.stringify(sample("scaleflex")));
  });

  it("says nothing of race, age and gender where they were not asked for", () => {
    const { emotion } = friends.faces[0]!.attributes;
    const { faces } = toScaleflex(withAttributes(friends, { emotion }), asked);
    expect(Object.keys(faces.face_0!)).toEqual(["box", "emotions", "dominant_emotion"]);
  });

  it("numbers the faces, has none where there is none, and makes an id of its own", () => {
    const two = toScaleflex({ ...friends, faces: [friends.faces[0]!, friends.faces[0]!] });
    expect(Object.keys(two.faces)).toEqual(["face_0", "face_1"]);
    const none = toScaleflex({ ...friends, faces: [] });
    expect(none).toMatchObject({ status: "success", faces: {}, result: "", file_downloaded: "" });
    expect(none.request_uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(two.request_uuid).not.toBe(none.request_uuid);
  });
});

describe("the schemas", () => {
  it("hold for the samples, and for what toSmartClick and toScaleflex make of faces, of several and of none", () => {
    const several = { ...portrait, faces: [portrait.faces[0]!, portrait.faces[0]!] };
    for (const answer of [sample("smart-click"), toSmartClick(portrait), toSmartClick(several), []])
      expect(() => checkAnswer(answer, smartClickSchema, "it")).not.toThrow();
    const bare = withAttributes(friends, {});
    for (const answer of [sample("scaleflex"), toScaleflex(friends), toScaleflex(bare), toScaleflex({ faces: [] })])
      expect(() => checkAnswer(answer, scaleflexSchema, "it")).not.toThrow();
  });

  it("are JSON, and have no field that the samples do not have", () => {
    expect(JSON.parse(JSON.stringify([smartClickSchema, scaleflexSchema]))).toEqual([
      smartClickSchema,
      scaleflexSchema,
    ]);
    const face = scaleflexSchema.properties.faces.additionalProperties.properties;
    expect(Object.keys(scaleflexSchema.properties)).toEqual(Object.keys(sample("scaleflex")));
    expect(Object.keys(face)).toEqual(Object.keys(sample("scaleflex").faces.face_0));
    expect(Object.keys(smartClickSchema.items.properties)).toEqual(Object.keys(sample("smart-click")[0]));
  });
});

describe("numbers in the services' forms", () => {
  const scored = (happy: number) => ({
    value: "happy" as const,
    score: happy,
    scores: { angry: 0, disgust: 0, fear: 0, happy, sad: 1 - happy, surprise: 0, neutral: 0 },
  });
  it.each([
    [0.98849, 98.85, 0.99],
    [0.00004, 0, 0],
    [0.005, 0.5, 0.01],
    [1, 100, 1],
    [0.29, 29, 0.29], // 0.29 * 100 is 28.999999999999996
    [0.57, 57, 0.57], // 0.57 * 100 is 56.99999999999999
  ])("%d becomes %d percent, or %d", (happy, percent, share) => {
    const result = withAttributes(portrait, { emotion: scored(happy) });
    const text = JSON.stringify(toScaleflex(result));
    expect(toScaleflex(result).faces.face_0!.emotions!.happy).toBe(percent);
    expect(text).not.toMatch(/"[a-z]+":\d+\.\d{3}/);
    expect(toSmartClick(result)[0]!.emotion.probability).toBe(share);
    expect(toSmartClick(result)[0]!.emotion.sentiments.happy).toBe(happy);
  });

  it("no number is negative zero, no box leaves the picture, ages are whole", () => {
    const box = { x: -0.4, y: -30, width: 900, height: 40.2 };
    const age = { value: 24.5, score: 1, scores: { "20-29": 1 }, interval: [20, 29] as const, expected: 24.5 };
    const result = { ...portrait, faces: [{ ...portrait.faces[0]!, box, attributes: { emotion: scored(1), age } }] };
    const [face] = Object.values(toScaleflex(result).faces);
    expect(face).toMatchObject({ box: [0, 0, 400, 10], age: 25 });
    expect(JSON.stringify([toScaleflex(result), toSmartClick(result), toDeepface(result)])).not.toMatch(/[:,[]-\d/);
    for (const edge of [...face!.box, ...Object.values(toSmartClick(result)[0]!.rectangle)]) expect(edge).not.toBe(-0);
  });
});

describe("what is no result", () => {
  const detected = {
    width: 9,
    height: 9,
    faces: [{ box: { x: 1, y: 1, width: 5, height: 5 }, score: 1, landmarks: [] }],
  };
  it.each([undefined, null, [], {}, { faces: [null] }, detected])("%j is refused by every form", (result) => {
    for (const form of [toSmartClick, toScaleflex, toFaceApi, toDeepface])
      expect(() => form(result as never)).toThrow(expect.objectContaining({ code: "input/face" }));
  });

  it.each([{ name: 5 }, { requestId: null }, { resultUrl: new URL("file:///a") }])(
    "toScaleflex refuses %j",
    (options) => {
      expect(() => toScaleflex(friends, options as never)).toThrow(expect.objectContaining({ code: "input/option" }));
    },
  );
});

describe("the parsers", () => {
  it("bring the samples here and back without loss: rectangles within a float's rounding", () => {
    const [expected] = sample("smart-click");
    const [found] = toSmartClick(fromSmartClick([expected])) as [ReturnType<typeof toSmartClick>[0]];
    for (const [edge, value] of Object.entries(found.rectangle))
      expect(Math.abs(value - expected.rectangle[edge])).toBeLessThan(1e-12 * expected.rectangle[edge]);
    expect({ ...found, rectangle: expected.rectangle }).toEqual(expected);
    const answer = fromScaleflex(sample("scaleflex"));
    expect(JSON.stringify(toScaleflex(answer, answer))).toBe(JSON.stringify(sample("scaleflex")));
  });

  it("bring deepface's answers here and back, as a list and as its server gives them", () => {
    const eyes = { ...friends.faces[0]!, landmarks: portrait.faces[0]!.landmarks };
    const answer = toDeepface({ ...friends, faces: [eyes, { ...eyes, attributes: {} }] });
    for (const form of [answer, { results: answer }]) {
      const back = toDeepface(fromDeepface(form));
      expect(back[0]!.emotion!.happy).toBeCloseTo(answer[0]!.emotion!.happy, 10);
      expect({ ...back[0], emotion: 0, race: 0 }).toEqual({ ...answer[0], emotion: 0, race: 0 });
      expect(back[1]).toEqual(answer[1]);
    }
    const { attributes } = fromDeepface(answer).faces[0]!;
    expect(toScaleflex(fromDeepface(answer)).faces.face_0!.races).toEqual(sample("scaleflex").faces.face_0.races);
    expect([attributes.gender, attributes.age?.value]).toEqual([
      expect.objectContaining({ value: "Male", score: 0.99 }),
      34,
    ]);
  });

  it("bring face-api.js's answers here and back", () => {
    const descriptor = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
    const full = { ...friends.faces[0]!, landmarks: [], vector: descriptor };
    const answer = toFaceApi({ ...friends, faces: [full, { ...full, attributes: {} }] });
    const { width, height, faces } = fromFaceApi(answer);
    expect([width, height]).toEqual([friends.width, friends.height]);
    expect(toFaceApi({ ...friends, faces })).toEqual(answer);
    expect(faces[0]!.attributes).toMatchObject({ emotion: { value: "happy" }, gender: { value: "Male", score: 0.99 } });
  });

  it("read face-api.js's own classes, what JSON keeps of them, and detections alone", () => {
    // The fields that face-api 1.7.15 keeps, and some of its getters.
    class Box {
      constructor(
        readonly _x: number,
        readonly _y: number,
        readonly _width: number,
        readonly _height: number,
      ) {}
      get x() {
        return this._x;
      }
      get y() {
        return this._y;
      }
      get width() {
        return this._width;
      }
      get height() {
        return this._height;
      }
    }
    class Detection {
      readonly _score = 0.75;
      readonly _box = new Box(10, 20, 30, 40);
      readonly _imageDims = { _width: 640, _height: 480 };
      get score() {
        return this._score;
      }
      get box() {
        return this._box;
      }
    }
    const detection = new Detection();
    const _positions = Array.from({ length: 68 }, (_, i) => ({ _x: i, _y: 2 * i }));
    const face = { detection, landmarks: { _positions }, gender: "female", genderProbability: 0.75, age: -0.5 };
    const descriptor = Float32Array.of(0.5, -0.25);
    const expected = {
      box: { x: 10, y: 20, width: 30, height: 40 },
      score: 0.75,
      landmarks: [
        { x: 38.5, y: 77 },
        { x: 44.5, y: 89 },
      ],
      attributes: {
        gender: { value: "Female", score: 0.75, scores: { Male: 0.25, Female: 0.75 } },
        age: { value: 0, score: 1, scores: { 0: 1 }, interval: [0, 0], expected: 0 },
      },
      vector: descriptor,
    };
    const own = [{ ...face, descriptor }];
    for (const answer of [own, JSON.parse(JSON.stringify(own))])
      expect(fromFaceApi(answer)).toEqual({ width: 640, height: 480, faces: [expected] });
    const { box, score } = expected;
    expect(fromFaceApi([detection]).faces).toEqual([{ box, score, attributes: {} }]);
    expect(fromFaceApi([])).toEqual({ faces: [] });
  });

  const detection = { score: 0.5, box: { x: 1, y: 1, width: 9, height: 9 } };
  it.each([
    [undefined, "the answer"],
    [{ detection }, "the answer"],
    [[3], "[0]"],
    [[{}], "[0].detection.score"],
    [[{ detection: { ...detection, score: 7 } }], "[0].detection.score"],
    [[{ detection: { ...detection, box: { x: 1, y: 1, width: "9", height: 9 } } }], "[0].detection.box.width"],
    [[{ detection, gender: "male" }], "[0].genderProbability"],
    [[{ detection, expressions: { happy: 1 } }], "[0].expressions.neutral"],
    [[{ detection, descriptor: [1, "2"] }], "[0].descriptor[1]"],
  ])("refuse %j for face-api.js's answer and say where", (answer, path) => {
    expect(() => fromFaceApi(answer)).toThrow(expect.objectContaining({ code: "input/service-answer" }));
    expect(() => fromFaceApi(answer)).toThrow(`"${path}" must be`);
  });

  it.each([
    [{ results: 3 }, "the answer"],
    [[{}], "[0].region"],
    [[{ region: { x: 1, y: 1, w: "9", h: 9 } }], "[0].region.w"],
    [[{ region: { x: 1, y: 1, w: 9, h: 9 }, race: { white: 100 } }], "[0].dominant_race"],
  ])("refuse %j for deepface's answer and say where", (answer, path) => {
    expect(() => fromDeepface(answer)).toThrow(expect.objectContaining({ code: "input/service-answer" }));
    expect(() => fromDeepface(answer)).toThrow(`"${path}" must be`);
  });

  const change = (name: string, edit: (json: never) => void) => {
    const json = sample(name);
    edit(json as never);
    return json;
  };
  type SmartClick = [{ probability: unknown; rectangle: unknown; emotion: { sentiments: Record<string, unknown> } }];
  type Scaleflex = { status: string; faces: { face_0: Record<string, unknown> } };
  it.each([
    ["no list", "", () => fromSmartClick({})],
    ["nothing", "", () => fromSmartClick(undefined)],
    ["a number for a face", "[0]", () => fromSmartClick([3])],
    [
      "a probability of 98",
      "[0].probability",
      () => fromSmartClick(change("smart-click", (json: SmartClick) => (json[0].probability = 98))),
    ],
    [
      "no rectangle",
      "[0].rectangle",
      () => fromSmartClick(change("smart-click", (json: SmartClick) => (json[0].rectangle = null))),
    ],
    [
      "a sentiment in text",
      "[0].emotion.sentiments.sad",
      () => fromSmartClick(change("smart-click", (json: SmartClick) => (json[0].emotion.sentiments.sad = "0.1"))),
    ],
    [
      "an eighth sentiment",
      "[0].emotion.sentiments.bored",
      () => fromSmartClick(change("smart-click", (json: SmartClick) => (json[0].emotion.sentiments.bored = 0))),
    ],
    ["an error", "status", () => fromScaleflex(change("scaleflex", (json: Scaleflex) => (json.status = "error")))],
    [
      "a box of three",
      "faces.face_0.box",
      () => fromScaleflex(change("scaleflex", (json: Scaleflex) => (json.faces.face_0.box = [1, 2, 3]))),
    ],
    [
      "another gender",
      "faces.face_0.gender",
      () => fromScaleflex(change("scaleflex", (json: Scaleflex) => (json.faces.face_0.gender = "M"))),
    ],
    [
      "races without the dominant one",
      "faces.face_0.dominant_race",
      () => fromScaleflex(change("scaleflex", (json: Scaleflex) => delete json.faces.face_0.dominant_race)),
    ],
  ])("refuse %s and say where: %s", (_what, path, read) => {
    expect(read).toThrow(expect.objectContaining({ code: "input/service-answer" }));
    expect(read).toThrow(path === "" ? /must be/ : `"${path}" must be`);
  });
});

describe("toFaceApi", () => {
  it("has face-api.js's names, order and units", () => {
    const vector = Float32Array.of(0.6, 0.8);
    const { attributes } = friends.faces[0]!;
    const [face] = toFaceApi({ ...friends, faces: [{ ...friends.faces[0]!, attributes, vector }] });
    expect(Object.keys(face!)).toEqual([
      "detection",
      "expressions",
      "gender",
      "genderProbability",
      "age",
      "descriptor",
    ]);
    expect(face!.detection).toEqual({
      score: 0.9,
      classScore: 0.9,
      className: "",
      box: { x: 466.71, y: 269.4, width: 109.5, height: 146.2 },
      imageDims: { width: 1280, height: 720 },
    });
    expect(Object.entries(face!.expressions!)).toEqual([
      ["neutral", 0.001581],
      ["happy", 0.988451],
      ["sad", 0.003001],
      ["angry", 0.000703],
      ["fearful", 0.000199],
      ["disgusted", 0.000312],
      ["surprised", 0.005796],
    ]);
    expect(face).toMatchObject({ gender: "male", genderProbability: 0.99, age: 34.4, descriptor: vector });
  });
});

describe("toDeepface", () => {
  it("has deepface's names, order and percent", () => {
    const [face] = toDeepface(friends);
    expect(Object.keys(face!)).toEqual([
      "emotion",
      "dominant_emotion",
      "region",
      "face_confidence",
      "age",
      "gender",
      "dominant_gender",
      "race",
      "dominant_race",
    ]);
    expect(face!.region).toEqual({ x: 467, y: 269, w: 109, h: 147 });
    expect(Object.keys(face!.emotion!)).toEqual(Object.keys(sample("scaleflex").faces.face_0.emotions));
    expect(face!.emotion!.happy).toBeCloseTo(98.8451, 10);
    expect(face!.gender).toEqual({ Woman: 1, Man: 99 });
    expect(face).toMatchObject({ age: 34, dominant_gender: "Man", dominant_race: "white", face_confidence: 0.9 });
    expect(Object.keys(face!.race!)).toEqual(Object.keys(sample("scaleflex").faces.face_0.races));
  });

  it("tells the subject's eyes where they are known", () => {
    expect(toDeepface(portrait)[0]!.region).toEqual({
      x: 71,
      y: 48,
      w: 221,
      h: 403,
      left_eye: [230, 182],
      right_eye: [140, 181],
    });
  });
});
