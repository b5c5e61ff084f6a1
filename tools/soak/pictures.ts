import { readFileSync } from "node:fs";
import { encodePng } from "../../src/images/encode-png.js";
import { packageFile } from "../../src/tasks/package-file.js";

export const photo = readFileSync(packageFile("conformance/photos/hopper.jpg"));
/** 512 x 600: to decode it is most of a tiny model's work. */
export const largerPhoto = readFileSync(packageFile("conformance/photos/grace_hopper.jpg"));
export const modelFolder = (name: string) => packageFile(`conformance/models/${name}`).pathname;
export const smallModel = packageFile("weights/vit-small-patch14").pathname;

/** A picture unlike every other of its kind, as PNG. */
export function distinctPicture(index: number): Uint8Array {
  const side = 24;
  const data = new Uint8Array(side * side * 3);
  let state = index * 2_654_435_761 + 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = state >>> 24;
  }
  return encodePng({ data, width: side, height: side, channels: 3 });
}
