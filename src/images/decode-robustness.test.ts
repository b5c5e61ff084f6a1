import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VitrailError } from "../errors.js";
import { crc32 } from "./crc32.js";
import { decodeImage } from "./decode-image.js";
import { mutant, randomNumbers } from "./mutants.testing.js";

const corpus = new URL("../../conformance/corpus/", import.meta.url);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, corpus)));
const manifest = JSON.parse(readFileSync(new URL("images/manifest.json", corpus), "utf8")) as {
  files: { file: string; our_verdict: string; rgb_sha256?: string }[];
};
const good = manifest.files.filter(({ our_verdict }) => our_verdict === "decode");
const hashOf = async (file: string) =>
  createHash("sha256")
    .update((await decodeImage(read(`images/${file}`))).data)
    .digest("hex");
const wanted = (file: string) => good.find((entry) => entry.file === file)!.rgb_sha256;

/** One good file a format that every bad one must leave decodable. */
const WITNESSES = ["jpeg_base_420_q75.jpg", "png_rgb_16.png", "webp_lossy_alpha.webp", "bmp_8_rle8.bmp"];
const MUTANTS = 2000;

describe("decodeImage on broken bytes", () => {
  it.each(["jpeg", "png", "webp", "bmp"])(
    `refuses or decodes ${MUTANTS} mutants of %s with nothing but ImageErrors, each within a second`,
    async (format) => {
      const files = good.filter(({ file }) => file.startsWith(format)).map(({ file }) => read(`images/${file}`));
      const random = randomNumbers(20_26);
      const codes = new Set<string>();
      for (let i = 0; i < MUTANTS; i++) {
        const bytes = mutant(files[random(files.length)]!, random);
        if (format === "png") repairChecksums(bytes);
        const start = performance.now();
        const result = await decodeImage(bytes, { maxPixels: 1_000_000 }).catch((error: unknown) => error);
        const label = `mutant ${i} of ${format}`;
        expect(performance.now() - start, label).toBeLessThan(1000);
        if (result instanceof Error) {
          expect(result, label).toBeInstanceOf(VitrailError);
          codes.add((result as VitrailError).code);
        } else codes.add("decoded");
      }
      // The mutants reach far enough to be worth running.
      expect([...codes]).toEqual(
        expect.arrayContaining(["decoded", "image/corrupt", "image/truncated", "image/too-large"]),
      );
      for (const file of WITNESSES) expect(await hashOf(file), file).toBe(wanted(file));
    },
    60_000,
  );

  it("decodes good files exactly after 1,000 poisonous ones", async () => {
    const poison = readdirSync(new URL("poison/", corpus)).map((name) => read(`poison/${name}`));
    const bad = manifest.files
      .filter(({ our_verdict, file }) => our_verdict === "refuse" && !file.startsWith("bomb"))
      .map(({ file }) => read(`images/${file}`));
    for (let i = 0; i < 1000; i++) {
      const bytes = i % 2 ? poison[i % poison.length]! : bad[i % bad.length]!;
      await decodeImage(bytes).catch((error) => expect(error).toBeInstanceOf(VitrailError));
      if (i % 100 === 0) for (const file of WITNESSES) expect(await hashOf(file), file).toBe(wanted(file));
    }
    for (const { file } of good) expect(await hashOf(file), file).toBe(wanted(file));
  }, 60_000);

  it("refuses every prefix of a good file, but for those that lack only what Pillow never reads", async () => {
    for (const [file, spare] of [
      ["jpeg_dim_7x5_420.jpg", 0],
      ["webp_dim_1x1.webp", 0],
      ["png_interlaced_1x3.png", 21],
      ["bmp_1.bmp", 3],
    ] as const) {
      const bytes = read(`images/${file}`);
      for (let length = 0; length < bytes.length - spare; length++) {
        const error = await decodeImage(bytes.subarray(0, length)).catch((caught) => caught);
        expect(error, `${length} of ${bytes.length} bytes of ${file}`).toBeInstanceOf(VitrailError);
        expect(error.code).toMatch(/^image\/(empty|truncated|corrupt|unsupported-format)$/);
      }
    }
  });
});

describe("decodeImage on bombs", () => {
  it.each(["bomb_png_max.png", "bomb_png_thin.png", "bomb_png_ztxt.png", "bomb_bmp_rle8.bmp"])(
    "refuses %s within 100 ms and 50 MB",
    async (file) => {
      const bytes = read(`images/${file}`);
      const before = process.memoryUsage().rss;
      const start = performance.now();
      await expect(decodeImage(bytes)).rejects.toThrow(VitrailError);
      expect(performance.now() - start).toBeLessThan(100);
      expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
    },
  );

  it("takes only what it needs of a stream that inflates to 50 MB", async () => {
    const before = process.memoryUsage().rss;
    expect(await hashOf("bomb_png_idat.png")).toBe(wanted("bomb_png_idat.png"));
    expect(process.memoryUsage().rss - before).toBeLessThan(20e6);
  });

  it("refuses 49 million pixels of PNG that its few bytes can't hold, within 100 ms and 50 MB", async () => {
    const bytes = read("images/png_rgb_16.png");
    const view = new DataView(bytes.buffer);
    view.setUint32(16, 7000);
    view.setUint32(20, 7000);
    repairChecksums(bytes);
    const before = process.memoryUsage().rss;
    const start = performance.now();
    await expect(decodeImage(bytes)).rejects.toThrow(expect.objectContaining({ code: "image/truncated" }));
    expect(performance.now() - start).toBeLessThan(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  });

  it("refuses a JPEG with more scans than its size allows", async () => {
    const bytes = read("images/jpeg_prog_420_q75.jpg");
    const scan = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xda);
    const header = bytes.subarray(scan, scan + 2 + bytes[scan + 3]!);
    const view = new DataView(bytes.buffer);
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc2);
    view.setUint16(frame + 5, 7000);
    view.setUint16(frame + 7, 7000);
    const many = new Uint8Array(scan + header.length * 100);
    many.set(bytes.subarray(0, scan));
    for (let i = 0; i < 100; i++) many.set(header, scan + i * header.length);
    await expect(decodeImage(many)).rejects.toThrow(expect.objectContaining({ code: "image/too-large" }));
  });
});

/** Makes the checksums of whole chunks right again, so that damage reaches what lies behind them. */
function repairChecksums(png: Uint8Array): void {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length) return;
    view.setUint32(end, crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
}
