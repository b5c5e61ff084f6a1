import { describe, expect, it } from "vitest";
import { crop } from "../../../images/crop.js";
import { blankImage } from "../../../images/image.js";
import { noise } from "../../../images/noise.testing.js";
import { resizeImage } from "../../../images/resize-image.js";
import { readImage } from "../../image-input.js";
import { packageFile } from "../../package-file.js";
import { loadFaceDetector } from "../load-face-detector.js";
import { REDACT_MODES, redact } from "./redact.js";

const box = { x: 20, y: 10, width: 40, height: 30 };

describe("redact", () => {
  it.each(REDACT_MODES)("%s hides the box with its margin and touches nothing else", (mode) => {
    const image = noise(100, 60);
    const hidden = redact(image, [{ box }], { mode, margin: 0.1 });
    const outside = (x: number, y: number) => x < 16 || x >= 64 || y < 6 || y >= 44;
    let same = 0;
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 100; x++) {
        const at = (y * 100 + x) * 3;
        const equal = String(image.data.subarray(at, at + 3)) === String(hidden.data.subarray(at, at + 3));
        if (outside(x, y)) expect(equal).toBe(true);
        else if (equal) same++;
      }
    expect(same).toBeLessThan(20);
    expect(image).toEqual(noise(100, 60));
  });

  it.each([
    ["pixelate", 64],
    ["fill", 1],
  ] as const)("%s leaves at most %i colors of a face", (mode, most) => {
    const { data } = crop(redact(noise(100, 60), [{ box }], { mode, margin: 0 }), {
      left: 20,
      top: 10,
      width: 40,
      height: 30,
    });
    const colors = new Set(Array.from({ length: data.length / 3 }, (_, i) => String(data.subarray(3 * i, 3 * i + 3))));
    expect(colors.size).toBeLessThanOrEqual(most);
  });

  it.each(REDACT_MODES)("after %s the detector finds no face", async (mode) => {
    await using detector = await loadFaceDetector({ model: "short" });
    const image = await readImage(packageFile("conformance/photos/astronaut.png"));
    const faces = await detector.detect(image);
    expect(faces).toHaveLength(1);
    expect(await detector.detect(redact(image, faces, { mode }))).toEqual([]);
  });

  it("hides upright and turned faces in every way from a detector that looks at any scale and turn", async () => {
    await using detector = await loadFaceDetector({ model: "auto" });
    for (const name of ["hopper_rot45.jpg", "montage_pd_4.jpg"]) {
      const large = await readImage(packageFile(`conformance/photos/${name}`));
      const image = resizeImage(large, { width: 300, height: 300, filter: "bilinear" });
      const faces = await detector.detect(image);
      expect(faces.length).toBeGreaterThan(0);
      for (const mode of REDACT_MODES) expect(await detector.detect(redact(image, faces, { mode }))).toEqual([]);
    }
  });

  it("takes faces at the border, outside of the picture, and smaller than what remains", () => {
    const image = blankImage(30, 20);
    for (const mode of REDACT_MODES)
      for (const far of [
        { x: -10, y: -10, width: 15, height: 15 },
        { x: 200, y: 5, width: 10, height: 10 },
        { x: 5, y: 5, width: 1, height: 1 },
      ])
        expect(redact(image, [{ box: far }], { mode })).toEqual(image);
  });

  it.each([{ mode: "smear" }, { margin: 9 }, { colour: 1 }])("refuses %j", (options) => {
    expect(() => redact(blankImage(1, 1), [], options as object)).toThrow(
      expect.objectContaining({ code: "input/option" }),
    );
  });
});
