import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../src/images/decode-image.js";
import { prepareImage } from "../src/images/prepare.js";
import { resizeImage } from "../src/images/resize-image.js";
import { openModel } from "../src/tasks/load-model.js";
import { readGolden } from "./golden.js";

const MODEL = "vit-small-patch14";
const CHECKSUMS = readGolden(MODEL).facts.sha256 as Record<string, { decoded: string; resized: string; input: string }>;

const sha256 = (array: Uint8Array | Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest("hex");

describe("the way of a photograph into the model is that of transformers' Pillow processor, bit for bit", () => {
  it.each(Object.entries(CHECKSUMS))("%s", async (photograph, wanted) => {
    const image = await decodeImage(readFileSync(join(import.meta.dirname, "photos", photograph)));
    expect(sha256(image.data), "decoded and turned").toBe(wanted.decoded);

    const { config, checkpoint } = await openModel(join(import.meta.dirname, "../weights", MODEL));
    await checkpoint.close();
    const { height, width } = config.architecture.image;
    expect(sha256(resizeImage(image, { height, width, filter: "bicubic" }).data), "resized").toBe(wanted.resized);

    const values = new Float32Array(height * width * 3);
    prepareImage(image, config.preprocessing, values, 0);
    expect(sha256(values), "the model's input").toBe(wanted.input);
  });
});
