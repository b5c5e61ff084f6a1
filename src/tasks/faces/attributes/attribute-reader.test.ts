import { describe, expect, it } from "vitest";
import { attributeReader } from "./attribute-reader.js";

const KEYS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];

describe("attributeReader", () => {
  it.each([
    ["dima806 and FER2013", "sad disgust angry neutral fear surprise happy"],
    ["FER2013 in capitals", "Sad Disgust Angry Neutral Fear Surprise Happy"],
    ["RAF-DB", "Sadness Disgust Anger Neutral Fear Surprise Happiness"],
    ["face-api.js", "sad disgusted angry neutral fearful surprised happy"],
    ["SmartClick's prose", "SADNESS DISGUST ANGER NEUTRAL FEAR SURPRISE JOY"],
    ["a numbered list", "0:sad 1-disgust 2_angry 3.neutral 4/fear 5)surprise 6=happy"],
  ])("brings the emotions of %s to the services' keys and order", (_source, labels) => {
    const read = attributeReader("emotion", labels.split(" "));
    const scores = [0.05, 0.1, 0.15, 0.3, 0.2, 0.16, 0.04];
    expect(Object.entries(read(scores).scores)).toEqual(
      KEYS.map((key) => [
        key,
        scores[["sad", "disgust", "angry", "neutral", "fear", "surprise", "happy"].indexOf(key)],
      ]),
    );
    expect(read(scores)).toMatchObject({ value: "neutral", score: 0.3 });
  });

  it("refuses labels that do not map, naming the attribute and the labels", () => {
    const read = () => attributeReader("emotion", ["happy", "LABEL_1"]);
    expect(read).toThrow(/Attribute "emotion".*"LABEL_1" do not fit.*"angry"/);
    expect(read).toThrow(expect.objectContaining({ code: "checkpoint/attribute-labels" }));
  });

  it("takes the user's word for what labels mean, and leaves out what means nothing", () => {
    const read = attributeReader("emotion", ["LABEL_0", "LABEL_1", "contempt"], {
      LABEL_0: "joy",
      LABEL_1: "sad",
      contempt: null,
    });
    expect(read([0.125, 0.375, 0.5])).toEqual({ value: "sad", score: 0.75, scores: { happy: 0.25, sad: 0.75 } });
    expect(() => attributeReader("emotion", ["happy"], { hapy: "happy" })).toThrow(/"hapy"/);
    expect(() => attributeReader("emotion", ["happy"], { happy: null })).toThrow(/at least one/);
  });

  it("sums FairFace's two Asian labels into the services' one", () => {
    const labels = ["White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"];
    const { value, scores } = attributeReader("race", labels)([0.3, 0.05, 0.1, 0.2, 0.25, 0.06, 0.04]);
    expect(Object.keys(scores)).toEqual(["asian", "indian", "black", "white", "middle eastern", "latino hispanic"]);
    expect(value).toBe("asian");
    expect(scores.asian).toBeCloseTo(0.45, 12);
  });

  it.each([[["female", "male"]], [["Woman", "Man"]], [["F", "M"]]])("reads the genders %j", (labels) => {
    expect(attributeReader("gender", labels)([0.2, 0.8])).toEqual({
      value: "Male",
      score: 0.8,
      scores: { Male: 0.8, Female: 0.2 },
    });
  });

  it("gives an age with its interval and its expectation", () => {
    const read = attributeReader("age", ["0-2", "20-29", "more than 70"]);
    expect(read([0.25, 0.5, 0.25])).toEqual({
      value: 24.5,
      score: 0.5,
      scores: { "0-2": 0.25, "20-29": 0.5, "more than 70": 0.25 },
      interval: [20, 29],
      expected: 0.25 * 1 + 0.5 * 24.5 + 0.25 * 75,
    });
    expect(() => attributeReader("age", ["young", "old"])).toThrow(/Attribute "age".*"young", "old"/);
    const mapped = attributeReader("age", ["young", "old"], { young: "0-39", old: "40+" });
    expect(mapped([0.9, 0.1])).toMatchObject({ value: 19.5, interval: [0, 39] });
  });

  it("leaves the labels of an attribute of the user's own as they stand, even those that objects are made of", () => {
    const read = attributeReader("glasses", ["with", "__proto__"]);
    const { value, scores } = read([0.1, 0.9]);
    expect(value).toBe("__proto__");
    expect(Object.entries(scores)).toEqual([
      ["with", 0.1],
      ["__proto__", 0.9],
    ]);
  });
});
