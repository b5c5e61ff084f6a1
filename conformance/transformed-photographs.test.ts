import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeImage } from "../src/images/decode-image.js";
import type { Image } from "../src/images/image.js";
import { resizeImage } from "../src/images/resize-image.js";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { loadModel } from "../src/tasks/load-model.js";
import type { EmbeddedIndex } from "../src/tasks/search/embedded-index.js";
import { openIndex } from "../src/tasks/search/open-index.js";
import type { VisionModel } from "../src/tasks/vision-model.js";

const here = (name: string) => join(import.meta.dirname, name);
const golden = JSON.parse(readFileSync(here("goldens/transformed-photographs.json"), "utf8")) as {
  photographs: string[];
  /** By change: what PyTorch's embeddings find first for each photograph. */
  found: Record<string, string[]>;
};
const jpegs = readSafetensors(readFileSync(here("goldens/transformed-photographs.safetensors"))).tensors;

const mapPixels = ({ width, height }: Image, at: (x: number, y: number) => readonly number[]): Image => {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(at(x, y), (y * width + x) * 3);
  return { data, width, height, channels: 3 };
};
const pixel = ({ data, width }: Image, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

/** The changes of tools/reference/transformed_photographs.py. */
const CHANGES: Record<string, (image: Image, name: string) => Image | Promise<Image>> = {
  mirror: (image) => mapPixels(image, (x, y) => pixel(image, image.width - 1 - x, y)),
  crop: (image) => {
    const [left, top] = [Math.floor(image.width / 8), Math.floor(image.height / 8)];
    const size = { width: Math.floor((image.width * 3) / 4), height: Math.floor((image.height * 3) / 4) };
    return mapPixels({ ...image, ...size }, (x, y) => pixel(image, left + x, top + y));
  },
  // Pillow's weights for convert("L").
  gray: (image) =>
    mapPixels(image, (x, y) => {
      const [red, green, blue] = pixel(image, x, y) as [number, number, number];
      return Array(3).fill((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
    }),
  resize: (image) => {
    const third = (side: number) => Math.max(1, Math.floor(side / 3));
    return resizeImage(image, { width: third(image.width), height: third(image.height), filter: "bilinear" });
  },
  jpeg: (_, name) => decodeImage(jpegs.get(name)!.bytes),
};

let model: VisionModel;
let index: EmbeddedIndex;
let folder: string;
const images = new Map<string, Image>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vitrail-transformed-"));
  model = await loadModel(here("../weights/vit-small-patch14"));
  index = await openIndex(folder);
  for (const name of golden.photographs) images.set(name, await decodeImage(readFileSync(here(`photos/${name}`))));
  const vectors = await model.embed([...images.values()]);
  await index.add(golden.photographs.map((id, i) => ({ id, vector: vectors[i]! })));
}, 60_000);
afterAll(async () => {
  await index.close();
  await model.dispose();
  await rm(folder, { recursive: true });
});

it.each(Object.keys(golden.found))(
  "by a %s of it, a photograph is found first at least as often as by PyTorch's embeddings",
  async (change) => {
    let [ours, theirs] = [0, 0];
    for (const [i, name] of golden.photographs.entries()) {
      const vector = await model.embed(await CHANGES[change]!(images.get(name)!, name));
      const [first] = await index.search(vector, { topK: 1 });
      if (first!.id === name) ours++;
      if (golden.found[change]![i] === name) theirs++;
    }
    expect(ours).toBeGreaterThanOrEqual(theirs);
    expect(theirs).toBeGreaterThan(0);
  },
  60_000,
);
