import { VitrailError } from "../../errors.js";
import type { StreamItem } from "../batches.js";
import { type ImageInput, readImage } from "../image-input.js";
import type { View } from "./augmentation.js";
import { readContent } from "./picture-content.js";

/** A picture's place in the content hash's world, or why it has none. */
export type Extracted<Feature> = { hash: string; feature: Feature } | { error: VitrailError };

/** Where features are kept by key: themselves, or what tells where they are. */
export interface FeatureKeeper<Feature> {
  get(key: string): Feature | undefined;
  add(key: string, values: Float32Array): Feature;
  /** How many wait for `save`. */
  readonly pending: number;
  save(): Promise<void>;
}

/** The backbone at work on a stream of pictures: `embedAll`, or the logits of a whole model. */
export type Extract = (
  images: readonly ImageInput[],
  options: { batch: number; signal?: AbortSignal },
) => AsyncIterable<StreamItem<ImageInput, Float32Array>>;

export interface ExtractionOptions {
  batch?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each picture. */
  onPicture?: (done: number) => void;
}

/** Features after which the cache is saved, so that little is lost when the process is stopped. */
const SAVE_EVERY = 256;
const DEFAULT_BATCH = 8;

/**
 * What the backbone makes of each picture, `[width]`, in their order: from the cache, or by one pass. A picture that can't be
 * read is one with an error. What was computed is in the cache's folder even where the call fails or is aborted.
 *
 * @param view a changed view of the pictures, instead of the pictures themselves
 * @throws `signal.reason`; TrainingError `training/cache`
 */
export async function extractFeatures<Feature>(
  extract: Extract,
  images: readonly ImageInput[],
  cache: FeatureKeeper<Feature>,
  { batch = DEFAULT_BATCH, signal, onPicture }: ExtractionOptions,
  view?: View,
): Promise<Extracted<Feature>[]> {
  const results: Extracted<Feature>[] = new Array(images.length);
  let waiting: { places: number[]; key: string; hash: string; image: ImageInput }[] = [];
  let done = 0;
  const settle = (place: number, result: Extracted<Feature>) => {
    results[place] = result;
    onPicture?.(++done);
  };
  const pass = async () => {
    const group = waiting;
    waiting = [];
    const pictures = group.map(({ image }) => image);
    for await (const item of extract(pictures, { batch, ...(signal && { signal }) })) {
      const { places, key, hash } = group[item.index]!;
      if ("error" in item) for (const place of places) settle(place, { error: item.error as VitrailError });
      else {
        const feature = cache.add(key, item.result);
        for (const place of places) settle(place, { hash, feature });
      }
    }
    if (cache.pending >= SAVE_EVERY) await cache.save();
  };
  try {
    for (const [place, input] of images.entries()) {
      signal?.throwIfAborted();
      try {
        const { hash, image } = await readContent(input);
        const key = view ? `${hash} ${view.key}` : hash;
        const feature = cache.get(key);
        const twin = waiting.find((other) => other.key === key);
        if (feature) settle(place, { hash, feature });
        else if (twin) twin.places.push(place);
        else {
          const shown = view ? view.apply(await readImage(image, signal && { signal }), hash) : image;
          waiting.push({ places: [place], key, hash, image: shown });
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof VitrailError)) throw error;
        settle(place, { error });
      }
      if (waiting.length === batch) await pass();
    }
    if (waiting.length > 0) await pass();
  } finally {
    await cache.save();
  }
  return results;
}
