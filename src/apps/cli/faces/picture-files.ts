import { stat, writeFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { encodeJpeg } from "../../../images/encode-jpeg.js";
import { encodePng } from "../../../images/encode-png.js";
import type { Image } from "../../../images/image.js";
import { UsageError } from "../exit-codes.js";
import type { NamedPicture } from "../pictures.js";
import { prepareFolder, writing } from "../write-file.js";

const PICTURE_FILE = /\.(png|jpe?g)$/i;

/** Writes an image as its file's name ends: `.png`, `.jpg` or `.jpeg`. */
export function writePicture(file: string, image: Image): Promise<void> {
  return writing(file, () => writeFile(file, /\.png$/i.test(file) ? encodePng(image) : encodeJpeg(image)));
}

/** Refuses a name that tells no format. */
export function pictureFile(option: string, file: string): string {
  if (!PICTURE_FILE.test(file))
    throw new UsageError(`${option} writes a PNG or JPEG: "${file}" must end in .png or .jpg.`);
  return file;
}

/**
 * Where each picture's changed copy goes: of one picture to the file that is named; else into the folder, under the picture's own name, as
 * JPEG where it was one and PNG where not.
 */
export async function copiesOf(option: string, out: string, pictures: readonly NamedPicture[]): Promise<string[]> {
  const isFolder =
    pictures.length !== 1 || (await stat(out).catch(() => undefined))?.isDirectory() || extname(out) === "";
  if (isFolder && PICTURE_FILE.test(out))
    throw new UsageError(`${option} writes ${pictures.length} pictures: name a folder, not "${out}".`);
  const files = isFolder ? namesIn(out, pictures) : [pictureFile(option, out)];
  for (const [index, file] of files.entries())
    if (resolve(file) === resolve(pictures[index]!.name))
      throw new UsageError(`${option} would write over "${file}". Name another place.`);
  if (files[0]) await prepareFolder(files[0]);
  return files;
}

/** Pictures of one name in two folders become `a.png` and `a-2.png`. */
function namesIn(folder: string, pictures: readonly NamedPicture[]): string[] {
  const taken = new Set<string>();
  return pictures.map(({ name }) => {
    const ending = /\.jpe?g$/i.test(name) ? ".jpg" : ".png";
    const stem = name === "-" ? "stdin" : basename(name, extname(name));
    let file = stem + ending;
    for (let copy = 2; taken.has(file); copy++) file = `${stem}-${copy}${ending}`;
    taken.add(file);
    return join(folder, file);
  });
}
