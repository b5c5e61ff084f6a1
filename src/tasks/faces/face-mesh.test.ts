import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../../backend/engine.js";
import { crop } from "../../images/crop.js";
import { turnImage } from "../../images/turn-image.js";
import { readImage } from "../image-input.js";
import { packageFile } from "../package-file.js";
import type { Face } from "./face.js";
import type { FaceDetector } from "./face-detector.js";
import { type FaceMesh, loadFaceMesh } from "./face-mesh.js";
import { loadFaceDetector } from "./load-face-detector.js";

const photo = packageFile("conformance/photos/astronaut.png");
const NOSE_TIP = 1;
const [RIGHT_EYE, LEFT_EYE] = [33, 263];

describe("FaceMesh", () => {
  let detector: FaceDetector;
  let mesh: FaceMesh;
  let face: Face;
  beforeAll(async () => {
    detector = await loadFaceDetector();
    mesh = await loadFaceMesh();
    [face] = (await detector.detect(photo)) as [Face];
  });
  afterAll(() => Promise.all([detector.dispose(), mesh.dispose()]));

  it("puts 468 points on a face, the nose before the eyes, and says that it is one", async () => {
    const { points, presence } = await mesh.landmarks(photo, face);
    expect(points).toHaveLength(468);
    expect(presence).toBeGreaterThan(0.99);
    const [nose, right, left] = [NOSE_TIP, RIGHT_EYE, LEFT_EYE].map((point) => points[point]!);
    const [rightEye, leftEye, noseTip] = face.landmarks;
    for (const [
      point,
      landmark,
      reach,
    ] of [[nose, noseTip, 0.1], [right, rightEye, 0.2], [left, leftEye, 0.2]] as const) // biome-ignore format: one line
      expect(Math.hypot(point![0] - landmark!.x, point![1] - landmark!.y)).toBeLessThan(reach * face.box.width);
    expect(nose![2]).toBeLessThan(Math.min(right![2], left![2]));
  });

  it("finds the same points when the picture is turned, within 1.5 % of the face on average and 4 % at most", async () => {
    const image = await readImage(photo);
    const { points } = await mesh.landmarks(image, face);
    const turn = ({ x, y }: { x: number; y: number }) => ({ x: image.height - y, y: x });
    const { x, y, width, height } = face.box;
    const lying = {
      box: { x: image.height - y - height, y: x, width: height, height: width },
      landmarks: face.landmarks.map(turn),
    };
    const turned = await mesh.landmarks(turnImage(image, 6), lying);
    expect(turned.presence).toBeGreaterThan(0.99);
    const apart = points.map(([px, py], i) => {
      const expected = turn({ x: px, y: py });
      return Math.hypot(turned.points[i]![0] - expected.x, turned.points[i]![1] - expected.y) / width;
    });
    expect(apart.reduce((sum, distance) => sum + distance) / apart.length).toBeLessThan(0.015);
    expect(Math.max(...apart)).toBeLessThan(0.04);
  });

  it("answers several faces in their order, the same as one by one", async () => {
    const shifted = { ...face, box: { ...face.box, x: face.box.x + 6 } };
    const both = await mesh.landmarks(photo, [face, shifted]);
    expect(both).toHaveLength(2);
    expect(both[1]!.points).toEqual((await mesh.landmarks(photo, [shifted]))[0]!.points);
    expect(await mesh.landmarks(photo, [])).toEqual([]);
  });

  it("goes on beyond the border of a picture that cuts the face", async () => {
    const image = await readImage(photo);
    const cut = crop(image, { left: Math.round(face.box.x + 10), top: 0, width: 200, height: 300 });
    const moved = (point: { x: number; y: number }) => ({ x: point.x - Math.round(face.box.x + 10), y: point.y });
    const { points, presence } = await mesh.landmarks(cut, {
      box: { ...face.box, ...moved(face.box) },
      landmarks: face.landmarks.map(moved),
    });
    expect(presence).toBeGreaterThan(0.5);
    expect(points.flat().every(Number.isFinite)).toBe(true);
  });

  it.each([[{ box: { x: 0, y: 0, width: 0, height: 4 }, landmarks: [] }], [{ landmarks: [] }], [undefined]])(
    "refuses %o as a face",
    async (bad) => {
      await expect(mesh.landmarks(photo, bad as unknown as Face)).rejects.toMatchObject({ code: "input/face" });
    },
  );

  it("refuses weights of another network, and leaves no tensor behind", async () => {
    await useEngine();
    const before = memory().numTensors;
    const other = loadFaceMesh({ weights: packageFile("weights/blazeface/short.safetensors") });
    await expect(other).rejects.toThrow(/do not fit the face mesh/);
    await (await loadFaceMesh()).dispose();
    expect(memory().numTensors).toBe(before);
  });
});
