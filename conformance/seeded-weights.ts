import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { writeSafetensorsFile } from "../src/io/write-safetensors-file.js";

/**
 * The portable generator: the same weights, pixels and positions bit for bit as tools/reference/seeded.py, so that a full-size
 * checkpoint is committed as a name. Value i of a stream is a hash of i and of the stream's key; integers up to the last step,
 * which is one float32 product and one float32 sum.
 */
const ROOT = join(import.meta.dirname, "..");

export type SeededModel = "vit-base" | "eva02-base";

interface Recipe {
  imageSize: number;
  blocks: number;
  files: Record<string, unknown>;
  tensors: { name: string; shape: number[]; deviation: number; center: number }[];
}

// A sum of four uniform 16-bit integers: mean and standard deviation.
const SUM_MEAN = 131_070;
const SUM_DEVIATION = 37837.22;

/** MurmurHash3's 32-bit finalizer: a bijection of the 32-bit integers. */
function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** FNV-1a of the stream's name, mixed. */
function streamKey(stream: string): number {
  let key = 0x811c9dc5;
  for (const byte of Buffer.from(stream)) key = Math.imul(key ^ byte, 0x01000193);
  return mix(key);
}

/** `count` uniform 32-bit integers, as signed ones. */
function seededWords(stream: string, count: number): Int32Array {
  const key = streamKey(stream);
  return Int32Array.from({ length: count }, (_, index) => mix(mix(index) ^ key));
}

/** `count` float32 values, nearly normal (the sum of four uniform ones). */
export function seededValues(stream: string, count: number, deviation: number, center: number): Float32Array {
  const key = streamKey(stream);
  const scale = Math.fround(deviation / SUM_DEVIATION);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const first = mix(mix(index) ^ key);
    const second = mix((first + 0x9e3779b9) | 0);
    const sum = (first >>> 16) + (first & 0xffff) + (second >>> 16) + (second & 0xffff);
    values[index] = Math.fround((sum - SUM_MEAN) * scale) + center;
  }
  return values;
}

/** Blocks of 32 x 32 pixels of one color under noise. -> `[height, width, 3]`, 0-255 */
export function seededPixels(stream: string, height: number, width: number) {
  const columns = Math.ceil(width / 32);
  const noise = seededWords(stream, height * width * 3);
  const blocks = seededWords(`${stream} blocks`, Math.ceil(height / 32) * columns * 3);
  const data = new Uint8Array(height * width * 3);
  for (let row = 0, index = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < 3; channel++, index++) {
        const block = blocks[((row >> 5) * columns + (column >> 5)) * 3 + channel]! & 0xff;
        data[index] = (3 * block + (noise[index]! & 0xff)) >> 2;
      }
  return { data, width, height, channels: 3 as const };
}

/** `count` indices below `size`, repeats allowed. */
export function seededPositions(stream: string, size: number, count: number): Uint32Array {
  return Uint32Array.from(seededWords(stream, count), (word) => (word >>> 0) % size);
}

/** The model's n-th seeded input: a square picture of just its size, so that nothing is resized. */
export function seededImage(model: SeededModel, index: number) {
  const { imageSize } = recipe(model);
  return seededPixels(`${model} image ${index}`, imageSize, imageSize);
}

/**
 * The folder of a full-size checkpoint (some 345 MB), written below `.cache/` at the first call and reused while its bytes have
 * the sha256 that Python recorded.
 *
 * @throws Error when the bytes just written differ from Python's
 */
export async function seededCheckpoint(model: SeededModel): Promise<string> {
  const wanted = (
    JSON.parse(readFileSync(join(ROOT, `conformance/goldens/${model}.json`), "utf8")) as { sha256: string }
  ).sha256;
  const cache = join(ROOT, ".cache");
  const folder = join(cache, `seeded-${model}`);
  const cached = await sha256(join(folder, "model.safetensors"));
  if (cached === wanted) return folder;
  if (cached !== undefined) await rm(folder, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  // Written aside and renamed: neither a stopped run nor another test process ever sees half a folder.
  const draft = await mkdtemp(join(cache, "draft-"));
  try {
    await writeCheckpoint(model, draft);
    const found = await sha256(join(draft, "model.safetensors"));
    if (found !== wanted) throw new Error(`The seeded ${model} has the sha256 ${found}; Python made ${wanted}.`);
    await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another process was first
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

function recipe(model: SeededModel): Recipe {
  return (
    JSON.parse(readFileSync(join(ROOT, "conformance/seeded-models.json"), "utf8")) as Record<SeededModel, Recipe>
  )[model];
}

async function writeCheckpoint(model: SeededModel, folder: string): Promise<void> {
  const { blocks, files, tensors } = recipe(model);
  for (const [file, content] of Object.entries(files))
    await writeFile(join(folder, file), `${JSON.stringify(content, null, 2)}\n`);
  const named = tensors.flatMap(({ name, shape, deviation, center }) =>
    Array.from({ length: name.includes("{block}") ? blocks : 1 }, (_, block) => {
      const tensor = name.replace("{block}", String(block));
      const count = shape.reduce((product, size) => product * size, 1);
      const bytes = () => new Uint8Array(seededValues(`${model} ${tensor}`, count, deviation, center).buffer);
      return [tensor, { dtype: "F32" as const, shape, bytes }] as const;
    }),
  );
  await writeSafetensorsFile(join(folder, "model.safetensors"), named, { format: "pt" });
}

/** Of a file, as hexadecimal digits; `undefined` if there is no such file. */
async function sha256(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
}
