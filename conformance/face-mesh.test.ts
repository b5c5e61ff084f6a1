import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../src/backend/engine.js";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { FACE_MESH, faceMesh } from "../src/models/face-mesh.js";
import { loadNetwork } from "../src/tasks/faces/load-network.js";
import { ForwardPass } from "../src/tasks/forward-pass.js";
import { packageFile } from "../src/tasks/package-file.js";
import { sigmoid } from "../src/tasks/sigmoid.js";

/** What the tflite interpreter gives; see tools/reference/face_mesh_goldens.py. */
const CROPS = ["astronaut", "hopper", "turned", "cut", "none"];
const { tensors } = readSafetensors(readFileSync(new URL("goldens/face-mesh.safetensors", import.meta.url)));
const golden = <View>(key: string, View: new (buffer: ArrayBuffer) => View) =>
  new View(tensors.get(key)!.bytes.slice().buffer as ArrayBuffer);
const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);

describe.each(["vitrail", "cpu"] as const)("the face mesh on %s against the tflite interpreter", (engine) => {
  const { size } = FACE_MESH;
  let pass: ForwardPass;
  let points: Float32Array;
  let presence: Float32Array;

  beforeAll(async () => {
    await useEngine({ engine });
    pass = new ForwardPass(
      await loadNetwork(() => faceMesh(FACE_MESH), packageFile("weights/face-mesh/model.safetensors")),
    );
    const pixels = CROPS.flatMap((crop) => [...golden(`${crop}.pixels`, Uint8Array)]);
    const values = Float32Array.from(pixels, (value) => value / 255);
    const raw = await pass.run(values, [CROPS.length, size, size, 3], ["points", "presence"]);
    points = raw.get("points")!.data;
    presence = raw.get("presence")!.data;
  });
  afterAll(async () => {
    await pass.dispose();
    await useEngine();
  });

  it.each([...CROPS.entries()])("gives the 468 points of crop %d, %s, within 1e-3 px", (at, crop) => {
    const reference = golden(`${crop}.points`, Float32Array);
    const ours = points.subarray(at * reference.length, (at + 1) * reference.length);
    expect(reference.length).toBe(3 * 468);
    expect(largestDifference(ours, reference)).toBeLessThan(1e-3);
  });

  it("gives the presence of each within 1e-5, and it tells upright faces from others", () => {
    const reference = CROPS.map((crop) => sigmoid(golden(`${crop}.presence`, Float32Array)[0]!));
    for (const [i, logit] of presence.entries()) expect(Math.abs(sigmoid(logit) - reference[i]!)).toBeLessThan(1e-5);
    expect(reference.map((value) => value > 0.5)).toEqual([true, true, false, true, false]);
  });
});
