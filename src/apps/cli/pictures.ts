import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "tinyglobby";
import type { ImageInput } from "../../tasks/image-input.js";
import { isPictureFile } from "../../tasks/picture-file.js";
import { UsageError } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/** A picture that a command was asked for. */
export interface NamedPicture {
  /** The path as given, or `-`. */
  name: string;
  input: ImageInput;
}

/** What makes a word a pattern, where no file has just this name: shells pass on what they did not expand. */
const PATTERN = /[*?[\]{}]/;

/**
 * Files as they are, folders and patterns (`photos/**\/*.jpg`) as their pictures in the order of their names, `-` as the picture on standard
 * input.
 */
export async function expandPictures(names: readonly string[], terminal: Terminal): Promise<NamedPicture[]> {
  const pictures: NamedPicture[] = [];
  for (const name of names) {
    if (name === "-") pictures.push({ name, input: await terminal.readStdin() });
    else pictures.push(...(await picturesOf(name)));
  }
  return pictures;
}

async function picturesOf(name: string): Promise<NamedPicture[]> {
  const entry = await stat(name).catch(() => undefined);
  if (entry?.isDirectory()) return picturesBelow(name);
  if (!entry && PATTERN.test(name)) return picturesLike(name);
  return [{ name, input: name }]; // a file that is missing is that picture's failure, not the command's
}

async function picturesLike(pattern: string): Promise<NamedPicture[]> {
  const files = (await glob(pattern, { expandDirectories: false })).filter(isPictureFile).sort();
  if (files.length === 0) throw new UsageError(`No JPEG, PNG, WebP or BMP file is like "${pattern}".`);
  return files.map((file) => ({ name: file, input: file }));
}

async function picturesBelow(folder: string): Promise<NamedPicture[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter(isPictureFile).sort();
  if (files.length === 0) throw new UsageError(`There are no JPEG, PNG, WebP or BMP files in "${folder}".`);
  return files.map((file) => ({ name: join(folder, file), input: join(folder, file) }));
}
