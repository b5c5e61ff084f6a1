import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ImageInput } from "../../tasks/image-input.js";
import { UsageError } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/** A picture that a command was asked for. */
export interface NamedPicture {
  /** The path as given, or `-`. */
  name: string;
  input: ImageInput;
}

const PICTURE_FILE = /\.(jpe?g|png|webp|bmp)$/i;

/** Files as they are, folders as the pictures below them in the order of their names, `-` as the picture on standard input. */
export async function expandPictures(names: readonly string[], terminal: Terminal): Promise<NamedPicture[]> {
  const pictures: NamedPicture[] = [];
  for (const name of names) {
    if (name === "-") pictures.push({ name, input: await terminal.readStdin() });
    else if ((await stat(name).catch(() => undefined))?.isDirectory()) pictures.push(...(await picturesBelow(name)));
    else pictures.push({ name, input: name }); // a file that is missing is that picture's failure, not the command's
  }
  return pictures;
}

async function picturesBelow(folder: string): Promise<NamedPicture[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((entry) => PICTURE_FILE.test(entry)).sort();
  if (files.length === 0) throw new UsageError(`There are no JPEG, PNG, WebP or BMP files in "${folder}".`);
  return files.map((file) => ({ name: join(folder, file), input: join(folder, file) }));
}
