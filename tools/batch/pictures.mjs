// Pictures that all differ, of a size that costs little to decode: crops of the photographs of the conformance cases.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeImage, encodeJpeg } from "../../dist/images.js";

const PHOTOS = join(import.meta.dirname, "../../conformance/photos");
const NAMES = ["chelsea.png", "coffee.png", "rocket.jpg", "hopper.png", "astronaut.png"];
const SIDE = 96;

/** Writes so many pictures into a folder; each 50th is broken. */
export async function makePictures(folder, count) {
  mkdirSync(folder, { recursive: true });
  const photos = await Promise.all(NAMES.map((name) => decodeImage(readFileSync(join(PHOTOS, name)))));
  for (let i = 0; i < count; i++) {
    const photo = photos[i % photos.length];
    const place = (length, step) => Math.floor(((i * step) % 1) * (length - SIDE));
    const image = crop(photo, place(photo.width, 0.618034), place(photo.height, 0.7548777));
    const file = join(folder, `${String(i).padStart(6, "0")}.jpg`);
    writeFileSync(file, i % 50 === 49 ? `no picture ${i}` : encodeJpeg(image));
  }
}

function crop({ data, width }, left, top) {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let row = 0; row < SIDE; row++) {
    const from = ((top + row) * width + left) * 3;
    pixels.set(data.subarray(from, from + SIDE * 3), row * SIDE * 3);
  }
  return { data: pixels, width: SIDE, height: SIDE, channels: 3 };
}
