import { InputError, VitrailError } from "../errors.js";
import type { Image } from "../images/image.js";
import { prepareImage } from "../images/prepare.js";
import type { Preprocessing } from "../models/model-config.js";
import type { Size } from "../models/vision-transformer.js";
import { type ImageInput, readImage } from "./image-input.js";

/** Pictures as a model takes them. */
export interface PictureBatch {
  /** Of the pictures that could be read, in their order: `[pictures, height, width, 3]`. */
  values: Float32Array;
  shape: [number, number, number, number];
  /** For each input: its place in the batch, or why it has none. */
  places: (number | Error)[];
}

/** Reads, decodes and prepares pictures one after the other; a broken one does not stop the others. */
export async function readPictures(
  inputs: readonly ImageInput[],
  plan: Preprocessing,
  { height, width }: Size,
  signal?: AbortSignal,
): Promise<PictureBatch> {
  const pictureSize = height * width * 3;
  const values = new Float32Array(inputs.length * pictureSize);
  const places: (number | Error)[] = [];
  let read = 0;
  for (const input of inputs) {
    try {
      const image = await readImage(input, signal && { signal });
      preparePicture(image, plan, { height, width }, values, read * pictureSize);
      places.push(read++);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof VitrailError)) throw error;
      places.push(error);
    }
  }
  return { values: values.subarray(0, read * pictureSize), shape: [read, height, width, 3], places };
}

/**
 * Prepares a decoded picture for a model. `[height, width, 3]` bytes → a model's `[height, width, 3]` float32, into `values` from `offset` on
 *
 * @throws InputError `input/size` for a picture that would have to be resized where the checkpoint does not resize
 */
export function preparePicture(
  image: Image,
  plan: Preprocessing,
  { height, width }: Size,
  values: Float32Array,
  offset = 0,
): void {
  if (!plan.resize && !plan.centerCrop && (image.height !== height || image.width !== width))
    throw new InputError(
      "input/size",
      `The checkpoint does not resize pictures ("do_resize": false) and takes ${height} x ${width} pixels; found ${image.height} x ${image.width}. Resize it first.`,
    );
  prepareImage(image, plan, values, offset);
}
