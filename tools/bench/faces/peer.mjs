// What every peer does: reads the pictures of a folder as raw pixels, so that all detectors see the same, and prints the faces of each as JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @param detect RGB pixels of a picture → its faces */
export async function answer(detect) {
  const folder = process.argv[2];
  const pictures = JSON.parse(readFileSync(join(folder, "pictures.json"), "utf8"));
  const results = {};
  const first = pictures[0];
  await detect({ ...first, data: readFileSync(join(folder, first.file)) }); // the first call compiles
  for (const { file, width, height } of pictures) {
    const data = new Uint8Array(readFileSync(join(folder, file)));
    const start = performance.now();
    const faces = await detect({ data, width, height });
    results[file] = { faces, milliseconds: performance.now() - start };
  }
  writeFileSync(process.argv.at(-1), JSON.stringify(results));
}
