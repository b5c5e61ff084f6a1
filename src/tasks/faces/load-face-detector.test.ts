import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../../backend/engine.js";
import { noise } from "../../images/noise.testing.js";
import { packageFile } from "../package-file.js";
import type { FaceDetector } from "./face-detector.js";
import { loadFaceDetector } from "./load-face-detector.js";

const photo = (name: string) => packageFile(`conformance/photos/${name}`);
const black = { data: new Uint8Array(40 * 30 * 3), width: 40, height: 30 };
const folder = mkdtempSync(join(tmpdir(), "vitrail-faces-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("loadFaceDetector", () => {
  it.each([
    [{ model: "long" }, "input/option"],
    [{ minScore: "high" }, "input/option"],
    [{ models: "short" }, "input/option"],
    [{ weights: "/no/such/file.safetensors" }, "weights/not-found"],
    [{ weights: packageFile("weights/blazeface/back.safetensors") }, "checkpoint/mismatch"],
  ])("refuses %o with %s and leaves no tensor", async (options, code) => {
    await useEngine();
    const before = memory().numTensors;
    await expect(loadFaceDetector(options as object)).rejects.toMatchObject({ code });
    expect(memory().numTensors).toBe(before);
  });

  it("refuses weights that were cut off, or that hold a NaN, and leaves no tensor", async () => {
    await useEngine();
    const before = memory().numTensors;
    const bytes = readFileSync(packageFile("weights/blazeface/short.safetensors"));
    const file = join(folder, "damaged.safetensors");
    writeFileSync(file, bytes.subarray(0, 100_000));
    await expect(loadFaceDetector({ weights: file })).rejects.toMatchObject({ code: "weights/data-cut" });
    bytes.writeUInt16LE(0x7e00, bytes.length - 2);
    writeFileSync(file, bytes);
    await expect(loadFaceDetector({ weights: file })).rejects.toMatchObject({ code: "checkpoint/not-finite" });
    expect(memory().numTensors).toBe(before);
  });

  it("names the misfits of another detector's weights and says what to do", async () => {
    const other = loadFaceDetector({ model: "full", weights: packageFile("weights/blazeface/short.safetensors") });
    await expect(other).rejects.toThrow(/face detector.*missing: .*unexpected: .*name the "model"/s);
  });

  it("takes weights from a path, and gives all memory back when disposed, once or twice", async () => {
    await useEngine();
    const before = memory().numTensors;
    const detector = await loadFaceDetector({ weights: packageFile("weights/blazeface/short.safetensors") });
    expect(await detector.detect(black)).toEqual([]);
    await detector.dispose();
    await detector.dispose();
    expect(memory().numTensors).toBe(before);
    await expect(detector.detect(black)).rejects.toMatchObject({ code: "input/disposed" });
  });

  it("stops with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(loadFaceDetector({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("detect", () => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await loadFaceDetector();
  });
  afterAll(() => detector.dispose());

  it("gives boxes and six landmarks in pixels of the picture, best first", async () => {
    const faces = await detector.detect(photo("montage_pd_4.jpg"));
    expect(faces).toHaveLength(4);
    expect(faces.map(({ score }) => score)).toEqual(faces.map(({ score }) => score).toSorted((a, b) => b - a));
    for (const { box, landmarks } of faces) {
      expect(landmarks).toHaveLength(6);
      const [rightEye, leftEye, nose, mouth] = landmarks;
      expect(rightEye!.x).toBeLessThan(leftEye!.x);
      expect(nose!.y).toBeLessThan(mouth!.y);
      for (const { x, y } of [rightEye!, leftEye!, nose!, mouth!]) {
        expect(x).toBeGreaterThan(box.x);
        expect(x).toBeLessThan(box.x + box.width);
        expect(y).toBeGreaterThan(box.y);
        expect(y).toBeLessThan(box.y + box.height);
      }
    }
  });

  it("answers several pictures in their order, and no pictures with nothing", async () => {
    const inputs = [black, photo("montage_pd_4.jpg"), readFileSync(photo("hopper.jpg"))];
    const counts = (await detector.detect(inputs)).map((faces) => faces.length);
    expect(counts).toEqual([0, 4, 1]);
    expect(await detector.detect([])).toEqual([]);
  });

  it("answers calls that overlap as it answers them alone", async () => {
    const inputs = [photo("hopper.jpg"), photo("montage_pd_4.jpg"), black];
    expect(await Promise.all(inputs.map((input) => detector.detect(input)))).toEqual(await detector.detect(inputs));
  });

  it("keeps the best of maxFaces, and those of minScore", async () => {
    const all = await detector.detect(photo("montage_pd_4.jpg"));
    expect(await detector.detect(photo("montage_pd_4.jpg"), { maxFaces: 2 })).toEqual(all.slice(0, 2));
    expect(await detector.detect(photo("montage_pd_4.jpg"), { minScore: 0.93 })).toHaveLength(
      all.filter(({ score }) => score >= 0.93).length,
    );
  });

  it.each([
    [1, 1],
    [10_000, 50],
    [50, 2000],
  ])("finds no face in noise of %d x %d pixels", async (width, height) => {
    expect(await detector.detect(noise(width, height))).toEqual([]);
  });

  it.each([
    [{ maxFaces: 0 }, "input/option"],
    [{ minScore: Number.NaN }, "input/option"],
    [{ limit: 3 }, "input/option"],
  ])("refuses %o", async (options, code) => {
    await expect(detector.detect(black, options as object)).rejects.toMatchObject({ code });
  });

  it("makes no tensor that it leaves behind, whether a call succeeds, fails or is aborted", async () => {
    const before = memory().numTensors;
    for (let call = 0; call < 5; call++) await detector.detect(black);
    await expect(detector.detect({ data: new Uint8Array(5), width: 2, height: 2 })).rejects.toMatchObject({
      code: "input/pixels",
    });
    await expect(detector.detect(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: expect.stringMatching(/^image\//),
    });
    await expect(detector.detect([black, "no-such.jpg"])).rejects.toMatchObject({ code: "input/file-not-found" });
    const reason = new Error("enough");
    await expect(detector.detect(black, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(memory().numTensors).toBe(before);
  });
});

describe("the automatic detector", () => {
  it("takes no weights of another's, for it has three networks", async () => {
    const weights = packageFile("weights/blazeface/short.safetensors");
    await expect(loadFaceDetector({ model: "auto", weights })).rejects.toMatchObject({ code: "input/option" });
  });

  it("answers with the options that the others have, and gives all memory back when disposed", async () => {
    await useEngine();
    const before = memory().numTensors;
    const detector = await loadFaceDetector({ model: "auto" });
    const all = await detector.detect(photo("montage_pd_4.jpg"));
    expect(all).toHaveLength(4);
    expect(await detector.detect(photo("montage_pd_4.jpg"), { maxFaces: 1 })).toEqual(all.slice(0, 1));
    expect(await detector.detect(photo("montage_pd_4.jpg"), { minSize: 190 })).toHaveLength(2);
    expect(await detector.detect(noise(500, 20))).toEqual([]);
    const reason = new Error("enough");
    await expect(detector.detect(black, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await detector.dispose();
    await expect(detector.detect(black)).rejects.toMatchObject({ code: "input/disposed" });
    expect(memory().numTensors).toBe(before);
  });

  it("stops in the middle of a picture when told to", async () => {
    await using detector = await loadFaceDetector({ model: "auto" });
    const controller = new AbortController();
    const detection = detector.detect(noise(900, 900), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 100);
    await expect(detection).rejects.toThrow("enough");
  });
});
