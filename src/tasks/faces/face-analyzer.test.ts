import { fileURLToPath } from "node:url";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RawPixels } from "../image-input.js";
import { readImage } from "../image-input.js";
import { loadModel } from "../load-model.js";
import { tinyModel } from "../model-folder.testing.js";
import { packageFile } from "../package-file.js";
import type { VisionModel } from "../vision-model.js";
import { analyzeFaces } from "./analyze-faces.js";
import { withLabels } from "./attributes/labeled-model.testing.js";
import { cropFace } from "./crop-face.js";
import { FaceDetector } from "./face-detector.js";
import { loadFaceAnalyzer } from "./load-face-analyzer.js";
import { loadFaceDetector } from "./load-face-detector.js";

const photo = (name: string) => packageFile(`conformance/photos/${name}`);
const plain = (width: number, height: number): RawPixels => ({
  data: new Uint8Array(width * height * 3).fill(90),
  width,
  height,
});
const EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];

let detector: FaceDetector;
let model: VisionModel;
beforeAll(async () => {
  detector = await loadFaceDetector({ model: "full" });
  model = await loadModel(tinyModel("vit"));
});
afterAll(async () => {
  await detector.dispose();
  await model.dispose();
});

describe("analyzeFaces", () => {
  it("gives faces and their quality, and nothing that was not asked for", async () => {
    const { width, height, faces, ...rest } = await analyzeFaces(photo("astronaut.png"), { detector });
    expect([width, height, rest]).toEqual([512, 512, {}]);
    expect(faces).toHaveLength(1);
    const { box, score, landmarks, quality, attributes, ...others } = faces[0]!;
    expect({ box, score, landmarks }).toMatchObject((await detector.detect(photo("astronaut.png")))[0]!);
    expect([attributes, others]).toEqual([{}, {}]);
    expect(quality).toMatchObject({ size: Math.min(box.width, box.height), visible: 1 });
    expect(Math.abs(quality.yaw)).toBeLessThan(10);
  });

  it("says what the model says of the upright crop, by the services' keys", async () => {
    const result = await analyzeFaces(photo("astronaut.png"), { detector, attributes: { emotion: model } });
    const image = await readImage(photo("astronaut.png"));
    const crop = cropFace(image, result.faces[0]!, { margin: 0.2, align: "eyes", square: true }).image;
    const labels = await model.classify(crop);
    const { emotion } = result.faces[0]!.attributes;
    expect(Object.keys(emotion!.scores)).toEqual(EMOTIONS);
    expect({ label: emotion!.value, score: emotion!.score }).toEqual(labels[0]);
    for (const { label, score } of labels) expect((emotion!.scores as Record<string, number>)[label]).toBe(score);
    expect(Object.values(emotion!.scores).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it("takes a checkpoint without a name, loaded or not, for that of emotions", async () => {
    const asked = { emotion: model };
    const { faces } = await analyzeFaces(photo("astronaut.png"), { detector, attributes: asked });
    for (const attributes of [model, tinyModel("vit")])
      expect((await analyzeFaces(photo("astronaut.png"), { detector, attributes })).faces).toEqual(faces);
  });

  it("hands an id of the Hub and its options on to loadModel, and names the attribute if that fails", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const hub = { detector, cacheDir: fileURLToPath(photo("no-such-cache")) };
    const failure = { code: "download/offline", message: expect.stringMatching(/^Attribute "age": .*some\/age-model/) };
    const asked = analyzeFaces(photo("astronaut.png"), { ...hub, attributes: { age: "some/age-model" } });
    await expect(asked).rejects.toMatchObject({ ...failure, details: { attribute: "age" } });
    const attributes = { age: "some/age-model", mood: model };
    const { faces, failures } = await analyzeFaces(photo("astronaut.png"), { ...hub, attributes, onError: "skip" });
    expect([Object.keys(faces[0]!.attributes), failures]).toEqual([["mood"], { age: failure }]);
    vi.unstubAllEnvs();
  });

  it("takes one pass for all faces of several pictures, their vectors and two attributes of one model included", async () => {
    const before = model.passes;
    const pictures = [photo("montage_pd_16.jpg"), photo("astronaut.png"), photo("coffee.png")];
    const attributes = { emotion: model, mood: model };
    const results = await analyzeFaces(pictures, { detector, attributes, embed: "mood" });
    expect(model.passes - before).toBe(1);
    expect(results.map(({ faces }) => faces.length)).toEqual([15, 1, 0]);
    for (const { attributes, vector } of results.flatMap(({ faces }) => faces)) {
      expect(Object.keys(attributes)).toEqual(["emotion", "mood"]);
      expect(vector).toHaveLength(model.width);
      expect(Math.hypot(...vector!)).toBeCloseTo(1, 5);
    }
    const alone = await analyzeFaces(pictures[1]!, { detector, attributes, embed: "mood" });
    expect(results[1]!.faces[0]!.attributes.emotion!.score).toBeCloseTo(alone.faces[0]!.attributes.emotion!.score, 5);
  });

  it("splits what exceeds the batch, with the same answers", async () => {
    const before = model.passes;
    const options = { detector, attributes: { emotion: model } };
    const some = await analyzeFaces(photo("montage_pd_16.jpg"), { ...options, batch: 4 });
    expect(model.passes - before).toBe(4);
    const all = await analyzeFaces(photo("montage_pd_16.jpg"), options);
    for (const [i, { attributes }] of some.faces.entries())
      expect(attributes.emotion!.score).toBeCloseTo(all.faces[i]!.attributes.emotion!.score, 5);
  });

  it("reads age, gender, race and an attribute of the user's own, each from its checkpoint", async () => {
    const ages = ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "more than 70"];
    await withLabels(ages, (age) =>
      withLabels(["female", "male"], (gender) =>
        withLabels(["White", "Black", "Indian", "East Asian", "Latino_Hispanic", "Middle Eastern"], async (race) => {
          const { faces } = await analyzeFaces(photo("astronaut.png"), {
            detector,
            attributes: { age, gender, race: { model: race }, hat: gender },
          });
          const found = faces[0]!.attributes;
          expect(Object.keys(found)).toEqual(["age", "gender", "hat", "race"]);
          const [low, high] = found.age!.interval;
          expect(found.age!.value).toBeGreaterThanOrEqual(low);
          expect(found.age!.value).toBeLessThanOrEqual(high);
          expect(Object.keys(found.gender!.scores)).toEqual(["Male", "Female"]);
          expect(Object.keys(found.race!.scores)).toHaveLength(6);
          expect(Object.keys(found.hat!.scores)).toEqual(["female", "male"]);
        }),
      ),
    );
  });

  it("takes face vectors from a model of their own", async () => {
    const embed = { model: tinyModel("vit-bare") };
    const { faces } = await analyzeFaces(photo("astronaut.png"), { detector, embed });
    expect(Math.hypot(...faces[0]!.vector!)).toBeCloseTo(1, 5);
    expect(faces[0]!.attributes).toEqual({});
  });

  it("shows a face that lies on its side to the model upright", async () => {
    const emotionOf = async (file: string, align: "eyes" | "none") => {
      const { faces } = await analyzeFaces(photo(file), { detector, attributes: { emotion: model }, align });
      return Object.values(faces[0]!.attributes.emotion!.scores) as number[];
    };
    const upright = await emotionOf("hopper.png", "eyes");
    const distance = (scores: number[]) => Math.hypot(...scores.map((score, i) => score - upright[i]!));
    const turned = "hopper_rot45.jpg";
    expect(distance(await emotionOf(turned, "eyes"))).toBeLessThan(distance(await emotionOf(turned, "none")));
  });
});

describe("an attribute that fails", () => {
  it.each([
    ["labels that do not map", { emotion: tinyModel("eva-wrapper") }, "checkpoint/attribute-labels"],
    ["an encoder", { emotion: tinyModel("vit-bare") }, "input/no-classifier"],
    ["no such folder", { emotion: "/no/such/model" }, "input/not-found"],
    ["no checkpoint", { emotion: photo("").pathname }, "checkpoint/file-missing"],
    ["a number", { emotion: 7 as unknown as string }, "input/option"],
  ])("%s: a typed error that names it, or left out without loss of the others", async (_what, bad, code) => {
    const before = memory().numTensors;
    const attributes = { ...bad, mood: model };
    const failing = analyzeFaces(photo("astronaut.png"), { detector, attributes });
    await expect(failing).rejects.toMatchObject({ code, details: { attribute: "emotion" } });
    await expect(failing).rejects.toThrow(/^Attribute "emotion": /);
    const { faces, failures } = await analyzeFaces(photo("astronaut.png"), { detector, attributes, onError: "skip" });
    expect(Object.keys(faces[0]!.attributes)).toEqual(["mood"]);
    expect(failures).toEqual({ emotion: { code, message: expect.stringMatching(/^Attribute "emotion": /) } });
    expect(memory().numTensors).toBe(before);
  });

  it("says so too when its model gives up only while it runs", async () => {
    const own = await loadModel(tinyModel("vit"));
    const analyzer = await loadFaceAnalyzer({ detector, attributes: { emotion: own, mood: model }, onError: "skip" });
    await own.dispose();
    const { faces, failures } = await analyzer.analyze(photo("astronaut.png"));
    expect(Object.keys(faces[0]!.attributes)).toEqual(["mood"]);
    expect(failures?.emotion).toMatchObject({ code: "input/disposed" });
    await analyzer.dispose();
  });

  it.each([
    [{ attribute: {} }],
    [{ attributes: [] }],
    [{ attributes: { "": "m" } }],
    [{ attributes: { __proto__x: "m" } }],
    [{ margin: -1 }],
    [{ minScore: 2 }],
    [{ onError: "ignore" }],
    [{ batch: 0 }],
    [{ embed: "emotion" }],
    [{ embed: 3 }],
    [{ embed: null }],
    [{ embed: { model: 3 } }],
    [{ detector: 3 }],
    [{ attributes: { emotion: { folder: "m" } } }],
    [{ attributes: { emotion: { model: "m", labels: { a: 1 } } } }],
  ])("refuses the options %j before anything runs", async (options) => {
    await expect(analyzeFaces(plain(8, 8), options as object)).rejects.toMatchObject({ code: "input/option" });
  });
});

describe("pictures at the edge", () => {
  const attributes = () => ({ detector, attributes: { emotion: model } });

  it("no face is a plain result", async () => {
    for (const picture of [plain(1, 1), plain(10_000, 50), photo("one_px.png"), photo("black.png")])
      expect((await analyzeFaces(picture, attributes())).faces).toEqual([]);
  });

  it.each([
    "astronaut_gray8.png",
    "astronaut_la.png",
    "astronaut_rgba.png",
    "astronaut_cmyk.jpg",
    "hopper_orientation_6.jpg",
  ])("%s has one face with an emotion", async (name) => {
    const { faces } = await analyzeFaces(photo(name), attributes());
    expect(faces).toHaveLength(1);
    expect(EMOTIONS).toContain(faces[0]!.attributes.emotion!.value);
  });

  it("a face of thousands of pixels is shrunk before its model sees it", async () => {
    const large = new FaceDetector({ find: async () => [face], dispose: async () => {} }, undefined);
    const box = { x: 20, y: 20, width: 2200, height: 2200 };
    const eyes = [{ x: 700, y: 1000 }, { x: 1500, y: 1000 }]; // biome-ignore format: one line
    const face = { box, score: 0.9, landmarks: [...eyes, ...eyes, ...eyes] };
    const { faces } = await analyzeFaces(plain(2300, 2300), { detector: large, attributes: model });
    expect(EMOTIONS).toContain(faces[0]!.attributes.emotion!.value);
    expect(faces[0]!.quality).toMatchObject({ size: 2200, visible: 1, sharpness: 0 });
  });

  it("a face cut by the border says how much of it is visible", async () => {
    const { data, width, height } = await readImage(photo("astronaut.png"));
    const kept = 225; // through the middle of the face, which spans 180 to 284
    const half = new Uint8Array(kept * height * 3);
    for (let y = 0; y < height; y++) half.set(data.subarray(y * width * 3, (y * width + kept) * 3), y * kept * 3);
    const { faces } = await analyzeFaces({ data: half, width: kept, height }, { ...attributes(), minScore: 0.3 });
    for (const { quality } of faces) expect(quality.visible).toBeLessThan(0.95);
    expect(faces.length).toBeLessThanOrEqual(1);
  });

  it("a broken picture of a list is named by its place; in a stream it does not stop the others", async () => {
    const pictures = [photo("coffee.png"), "gone.jpg", photo("astronaut.png")];
    await expect(analyzeFaces(pictures, attributes())).rejects.toMatchObject({
      code: "input/file-not-found",
      details: { index: 1 },
    });
    const analyzer = await loadFaceAnalyzer(attributes());
    const seen: string[] = [];
    for await (const entry of analyzer.analyzeAll(pictures))
      seen.push("error" in entry ? `${entry.index} failed` : `${entry.index} ${entry.result.faces.length}`);
    expect(seen).toEqual(["0 0", "1 failed", "2 1"]);
  });
});

describe("loadFaceAnalyzer", () => {
  it("loads folders once, gives back what it loaded and leaves what the caller loaded", async () => {
    const before = memory().numTensors;
    const analyzer = await loadFaceAnalyzer({
      detector: { model: "short" },
      attributes: { emotion: tinyModel("vit"), mood: tinyModel("vit"), other: model },
    });
    const loaded = memory().numTensors;
    await analyzer.analyze(photo("astronaut.png"));
    expect(memory().numTensors).toBe(loaded);
    await analyzer.dispose();
    await analyzer.dispose();
    expect(memory().numTensors).toBe(before);
    expect(await model.classify(photo("astronaut.png"))).toHaveLength(7);
  });

  it("stops with the signal's reason, before and while it works", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(loadFaceAnalyzer({ signal })).rejects.toThrow("enough");
    const analyzer = await loadFaceAnalyzer({ detector, attributes: { emotion: model }, onError: "skip" });
    await expect(analyzer.analyze(photo("astronaut.png"), { signal })).rejects.toThrow("enough");
  });
});
