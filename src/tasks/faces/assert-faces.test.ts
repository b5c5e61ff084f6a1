import { describe, expect, it } from "vitest";
import { blankImage, type Image } from "../../images/image.js";
import { clusterFaces } from "./cluster-faces.js";
import { countFaces } from "./count-faces.js";
import { cropFace } from "./crop-face.js";
import { annotate } from "./pictures/annotate.js";
import { redact } from "./pictures/redact.js";

const image = blankImage(20, 20);

describe("what draws on faces or cuts them out", () => {
  it.each([
    ["no face", null],
    ["a number", 3],
    ["no box", { score: 0.9, landmarks: [] }],
    ["a box of nothing", { box: { x: 0, y: 0, width: 0, height: 5 } }],
    ["a box that is turned inside out", { box: { x: 9, y: 9, width: -5, height: 5 } }],
    ["a box without numbers", { box: { x: "1", y: Number.NaN, width: 5, height: 5 } }],
    ["a box without end", { box: { x: 0, y: 0, width: Number.POSITIVE_INFINITY, height: 5 } }],
  ])("refuses %s", (_what, bad) => {
    for (const use of [
      () => cropFace(image, bad as never),
      () => annotate(image, [bad as never]),
      () => redact(image, [bad as never]),
    ])
      expect(use).toThrow(expect.objectContaining({ code: "input/face" }));
  });

  it.each([undefined, null, { box: image }, "faces"])("refuses %j for a list", (faces) => {
    for (const use of [() => annotate(image, faces as never), () => redact(image, faces as never)])
      expect(use).toThrow(expect.objectContaining({ code: "input/face" }));
  });

  it.each([[null], [{ x: Number.NaN, y: 1 }], 7])("refuses the landmarks %j", (landmarks) => {
    const face = { box: { x: 1, y: 1, width: 5, height: 5 }, landmarks };
    expect(() => annotate(image, [face as never])).toThrow(expect.objectContaining({ code: "input/face" }));
  });

  it.each([undefined, {}, [null], [{}], [{ faces: 3 }]])("refuses the results %j", (results) => {
    for (const use of [countFaces, clusterFaces])
      expect(() => use(results as never)).toThrow(expect.objectContaining({ code: "input/face" }));
  });

  it.each([undefined, {}, null, "a.jpg"])("refuses %j for an image", (bad) => {
    const face = { box: { x: 1, y: 1, width: 5, height: 5 }, landmarks: [] };
    for (const use of [
      () => cropFace(bad as Image, face),
      () => annotate(bad as Image, []),
      () => redact(bad as Image, []),
    ])
      expect(use).toThrow(expect.objectContaining({ code: "input/image" }));
  });
});
