import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../src/backend/engine.js";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { boxCenters } from "../src/tasks/faces/box-centers.js";
import { decodeDetections } from "../src/tasks/faces/decode-detections.js";
import { FACE_MODELS, type FaceModelName } from "../src/tasks/faces/face-models.js";
import { loadNetwork } from "../src/tasks/faces/load-network.js";
import { weightedNms } from "../src/tasks/faces/weighted-nms.js";
import { ForwardPass } from "../src/tasks/forward-pass.js";
import { packageFile } from "../src/tasks/package-file.js";

/** What the tflite interpreter gives; see tools/reference/blazeface_goldens.py. */
const PHOTOS = ["astronaut.png", "montage_pd_4.jpg", "astronaut_wide_cut.png"];
/** Raw outputs reach 1e4 in letterbox bands, where float32 itself is uncertain by 1e-6 of that. */
const RELATIVE = 1e-5;
const sigmoid = (logit: number) => 1 / (1 + Math.exp(-Math.min(Math.max(logit, -100), 100)));
const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => largest(Array.from(a, (value, i) => value - b[i]!));

describe.each(Object.keys(FACE_MODELS) as FaceModelName[])("BlazeFace %s against the tflite interpreter", (name) => {
  const { size, grids, minScore } = FACE_MODELS[name];
  const { tensors } = readSafetensors(readFileSync(new URL(`goldens/blazeface-${name}.safetensors`, import.meta.url)));
  const golden = <View>(key: string, View: new (buffer: ArrayBuffer) => View) =>
    new View(tensors.get(key)!.bytes.slice().buffer as ArrayBuffer);
  const decode = (classificators: Float32Array, regressors: Float32Array) =>
    weightedNms(
      decodeDetections({ classificators, regressors }, { centers: boxCenters(size, grids), size, minScore }),
    ).flatMap(({ score, points }) => [score, ...points]);
  let pass: ForwardPass;
  const ours = new Map<string, { classificators: Float32Array; regressors: Float32Array }>();

  beforeAll(async () => {
    await useEngine();
    pass = new ForwardPass(
      await loadNetwork(() => FACE_MODELS[name].build(), packageFile(`weights/blazeface/${name}.safetensors`)),
    );
    for (const photo of PHOTOS) {
      const pixels = Float32Array.from(golden(`${photo}.pixels`, Uint8Array), (value) => value / 127.5 - 1);
      const raw = await pass.run(pixels, [1, size, size, 3], ["classificators", "regressors"]);
      ours.set(photo, { classificators: raw.get("classificators")!.data, regressors: raw.get("regressors")!.data });
    }
  });
  afterAll(() => pass.dispose());

  it.each(PHOTOS)("gives the scores of %s within 1e-5", (photo) => {
    const reference = golden(`${photo}.classificators`, Float32Array);
    expect(ours.get(photo)!.classificators.length).toBe(reference.length);
    expect(difference(ours.get(photo)!.classificators.map(sigmoid), reference.map(sigmoid))).toBeLessThan(1e-5);
  });

  it.each(PHOTOS)("gives the raw outputs of %s within 1e-5 of the largest", (photo) => {
    for (const output of ["classificators", "regressors"] as const) {
      const reference = golden(`${photo}.${output}`, Float32Array);
      expect(difference(ours.get(photo)![output], reference) / largest(reference)).toBeLessThan(RELATIVE);
    }
  });

  it.each(PHOTOS)("decodes and merges the interpreter's boxes of %s as the reference does, within 1e-9", (photo) => {
    const reference = golden(`${photo}.detections`, Float64Array);
    const faces = decode(golden(`${photo}.classificators`, Float32Array), golden(`${photo}.regressors`, Float32Array));
    expect(faces.length).toBe(reference.length);
    if (reference.length > 0) expect(difference(faces, reference)).toBeLessThan(1e-9);
  });

  it.each(PHOTOS)("finds the same faces in %s, scores, boxes and landmarks within 1e-5", (photo) => {
    const reference = golden(`${photo}.detections`, Float64Array);
    const { classificators, regressors } = ours.get(photo)!;
    const faces = decode(classificators, regressors);
    expect(faces.length).toBe(reference.length);
    if (reference.length > 0) expect(difference(faces, reference)).toBeLessThan(1e-5);
  });

  it("has faces to compare", () => {
    expect(PHOTOS.flatMap((photo) => [...golden(`${photo}.detections`, Float64Array)]).length).toBeGreaterThan(4 * 17);
  });
});
