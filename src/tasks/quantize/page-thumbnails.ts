import { VitrailError } from "../../errors.js";
import { readImage } from "../image-input.js";
import { type Thumbnail, thumbnail } from "../reports/thumbnail.js";
import type { NamedPicture } from "./calibration-pictures.js";
import type { WorstPicture } from "./quantization-report.js";

/** Pixels that a page's pictures are wide and high, at most. */
const SIDE = 160;

/** Small pictures of the worst, and of the neighbors that an encoder found for them, by name; one that went away meanwhile has none. */
export async function pageThumbnails(
  worst: readonly WorstPicture[],
  pictures: readonly NamedPicture[],
): Promise<Map<string, Thumbnail>> {
  const inputs = new Map(pictures.map(({ name, input }) => [name, input]));
  const thumbnails = new Map<string, Thumbnail>();
  for (const name of new Set(worst.flatMap(({ name, before, after }) => [name, before.label, after.label]))) {
    const input = inputs.get(name);
    if (input === undefined) continue;
    try {
      thumbnails.set(name, thumbnail(await readImage(input), SIDE));
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
    }
  }
  return thumbnails;
}
