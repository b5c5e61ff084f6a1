import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { QuantizationError } from "../../errors.js";
import type { ImageInput } from "../image-input.js";
import { isPictureFile } from "../picture-file.js";

export interface NamedPicture {
  /** The path, or the place in the list. */
  name: string;
  input: ImageInput;
}

/**
 * The pictures to measure by: those of a folder and its folders in the order of their names, or of a list.
 *
 * @throws QuantizationError `quantize/no-pictures`
 */
export async function calibrationPictures(source: string | readonly ImageInput[]): Promise<NamedPicture[]> {
  const pictures = typeof source === "string" ? await fromFolder(source) : fromList(source);
  if (pictures.length === 0)
    throw new QuantizationError(
      "quantize/no-pictures",
      `${typeof source === "string" ? `"${source}"` : "The list"} has no pictures to measure by. Pass a folder of JPEG, PNG, WebP or BMP files like those that the model will see; 50 or more give honest figures.`,
    );
  return pictures;
}

async function fromFolder(folder: string): Promise<NamedPicture[]> {
  const entry = await stat(folder).catch(() => undefined);
  if (!entry?.isDirectory())
    throw new QuantizationError(
      "quantize/no-pictures",
      entry
        ? `"${folder}" is a file. Pass the folder that it is in: what is to be measured by is many pictures.`
        : `There is no folder "${folder}" of pictures to measure by. Check the path.`,
      { details: { folder } },
    );
  const files = (await readdir(folder, { recursive: true })).filter(isPictureFile).sort();
  return files.map((file) => ({ name: file, input: join(folder, file) }));
}

function fromList(list: readonly ImageInput[]): NamedPicture[] {
  return [...list].map((input, index) => ({ name: typeof input === "string" ? input : `picture ${index}`, input }));
}
