import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ImageError, type VitrailError } from "../errors.js";
import { type DecodeOptions, decodeImage } from "./decode-image.js";
import type { Image } from "./image.js";

const conformance = new URL("../../conformance/", import.meta.url);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, conformance)));
const sha256 = ({ data }: Image) => createHash("sha256").update(data).digest("hex");
const outcome = (bytes: Uint8Array, options?: DecodeOptions) =>
  decodeImage(bytes, options).catch((error: VitrailError) => error.code ?? error);

interface CorpusFile {
  file: string;
  note: string;
  our_verdict: "decode" | "refuse" | "either";
  our_error?: string;
  width?: number;
  height?: number;
  rgb_sha256?: string;
}
const corpus = (
  JSON.parse(readFileSync(new URL("corpus/images/manifest.json", conformance), "utf8")) as { files: CorpusFile[] }
).files;
/** The corpus was written before the codes had rooms. */
const CODES: Record<string, string> = {
  ERR_IMAGE_EMPTY: "image/empty",
  ERR_UNSUPPORTED_FORMAT: "image/unsupported-format",
  ERR_IMAGE_UNSUPPORTED: "image/unsupported",
  ERR_IMAGE_TOO_LARGE: "image/too-large",
  ERR_IMAGE_TRUNCATED: "image/truncated",
  ERR_IMAGE_CORRUPT: "image/corrupt",
};

interface Golden {
  width: number;
  height: number;
  sha256: string;
}
const goldens = JSON.parse(readFileSync(new URL("goldens/pillow-decode.json", conformance), "utf8")) as {
  reference: string;
  photos: (Golden & { photo: string })[];
  cases: (Golden & { name: string; base64: string })[];
  damaged: (Partial<Golden> & { name: string; base64: string; refused?: true })[];
};

describe("decodeImage", () => {
  it.each(corpus.filter(({ our_verdict }) => our_verdict === "decode"))(
    "gives Pillow's bytes for $file ($note)",
    async ({ file, width, height, rgb_sha256 }) => {
      const image = await decodeImage(read(`corpus/images/${file}`));
      expect({ ...image, data: sha256(image) }).toEqual({ width, height, channels: 3, data: rgb_sha256 });
    },
  );

  it.each(corpus.filter(({ our_verdict }) => our_verdict === "refuse"))(
    "refuses $file ($note) with $our_error",
    async ({ file, our_error }) => {
      await expect(decodeImage(read(`corpus/images/${file}`))).rejects.toThrow(
        expect.objectContaining({ name: "ImageError", code: CODES[our_error!] }),
      );
    },
  );

  it.each(corpus.filter(({ our_verdict }) => our_verdict === "either"))(
    "decodes $file to the right size or refuses it",
    async ({ file, width, height }) => {
      const result = await outcome(read(`corpus/images/${file}`));
      if (typeof result === "string") expect(result).toMatch(/^image\//);
      else expect(result).toMatchObject({ width, height });
    },
  );

  it("has goldens of every format", () => {
    expect(goldens.reference).toBe("Pillow 13.0.0");
    for (const format of ["bmp", "png", "jpeg", "webp"])
      expect(goldens.cases.filter(({ name }) => name.startsWith(format)).length).toBeGreaterThan(5);
  });

  it.each(goldens.cases)("gives Pillow's bytes for $name", async ({ base64, width, height, sha256: wanted }) => {
    const image = await decodeImage(Buffer.from(base64, "base64"));
    expect({ ...image, data: sha256(image) }).toEqual({ width, height, channels: 3, data: wanted });
  });

  it("repairs or refuses damaged sequential JPEGs as Pillow does", async () => {
    const differing: unknown[] = [];
    for (const { name, base64, refused, sha256: wanted } of goldens.damaged) {
      const result = await outcome(Buffer.from(base64, "base64"));
      const found = typeof result === "string" ? result : sha256(result);
      if (refused ? !/^image\//.test(found) : found !== wanted)
        differing.push({ name, wanted: wanted ?? "refused", found });
    }
    expect(differing).toEqual([]);
    expect(goldens.damaged.filter(({ refused }) => refused).length).toBeGreaterThan(10);
    expect(goldens.damaged.filter(({ refused }) => !refused).length).toBeGreaterThan(50);
  });

  it("gives Pillow's bytes for every photograph in the repository", async () => {
    const names = readdirSync(new URL("photos/", conformance)).filter((name) => /\.(jpg|png|webp|bmp)$/.test(name));
    expect(goldens.photos.map(({ photo }) => photo)).toEqual(names.sort());
    for (const { photo, width, height, sha256: wanted } of goldens.photos) {
      const image = await decodeImage(read(`photos/${photo}`));
      expect({ photo, ...image, data: sha256(image) }).toEqual({ photo, width, height, channels: 3, data: wanted });
    }
  });

  it("scales 16-bit gray to its high byte when asked to, where Pillow clips it to white", async () => {
    const bytes = read("corpus/images/png_gray_16.png");
    const clipped = await decodeImage(bytes);
    const scaled = await decodeImage(bytes, { gray16: "scale" });
    expect(clipped.data.filter((value) => value === 255).length).toBeGreaterThan(0.9 * clipped.data.length);
    expect(new Set(scaled.data).size).toBeGreaterThan(50);
    for (let i = 0; i < scaled.data.length; i++) if (scaled.data[i]! > 0) expect(clipped.data[i]).toBe(255);
  });
});

describe("decodeImage's limits", () => {
  const photo = read("corpus/images/jpeg_base_420_q75.jpg"); // 97 x 83

  it.each([
    ["maxPixels", { maxPixels: 97 * 83 - 1 }, { maxPixels: 97 * 83 }],
    ["maxSide", { maxSide: 96 }, { maxSide: 97 }],
    ["maxBytes", { maxBytes: photo.length - 1 }, { maxBytes: photo.length }],
  ])("refuses a picture one past %s and takes one at it", async (_, below, at) => {
    await expect(outcome(photo, below)).resolves.toBe("image/too-large");
    await expect(outcome(photo, at)).resolves.toMatchObject({ width: 97, height: 83 });
  });

  it.each([
    ["jpeg", "jpeg_base_420_q75.jpg"],
    ["png", "png_rgb_16.png"],
    ["webp", "webp_lossy_q80.webp"],
    ["webp with a header chunk", "webp_lossy_alpha.webp"],
    ["bmp", "bmp_32.bmp"],
  ])("holds for %s", async (_, file) => {
    await expect(outcome(read(`corpus/images/${file}`), { maxPixels: 100 })).resolves.toBe("image/too-large");
  });

  it.each([
    [{ maxPixels: 0 }],
    [{ maxSide: Number.NaN }],
    [{ maxBytes: "1" as never }],
    [{ gray16: "round" as never }],
  ])("refuses the options %j", async (options) => {
    await expect(outcome(photo, options)).resolves.toBe("input/decode-options");
  });

  it("refuses what are no bytes", async () => {
    await expect(outcome("face.jpg" as never)).resolves.toBe("input/image");
  });

  it("rethrows the reason of an aborted signal", async () => {
    const reason = new Error("the user left");
    await expect(decodeImage(photo, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("decodeImage's errors", () => {
  it("say what was found, what is wanted and what to do", async () => {
    const error = await decodeImage(read("corpus/images/bmp_bad_truncated.bmp")).catch((caught) => caught);
    expect(error).toBeInstanceOf(ImageError);
    expect(error.message).toBe(
      "The BMP ends after 4351 bytes; its 61 x 47 pixels need 8701. It is incomplete: get it again.",
    );
    expect(error.details).toEqual({ format: "BMP", bytes: 4351, wanted: 8701 });
  });

  it("name the format of a file that is not read", async () => {
    await expect(decodeImage(read("corpus/images/gif_plain.gif"))).rejects.toThrow("Found a GIF file");
  });
});
