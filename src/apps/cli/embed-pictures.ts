import type { EmbeddingOptions } from "../../tasks/embedding.js";
import { readImage } from "../../tasks/image-input.js";
import { type Thumbnail, thumbnail } from "../../tasks/reports/thumbnail.js";
import type { VisionModel } from "../../tasks/vision-model.js";
import type { NamedVector } from "../../tasks/write-vectors.js";
import type { ModelOptions } from "./model-options.js";
import type { NamedPicture } from "./pictures.js";
import type { Report } from "./report.js";
import type { Terminal } from "./terminal.js";

/** Pixels of a contact sheet's pictures. */
const THUMBNAIL = 160;

/** Embeds pictures one batch after another, their paths as ids, telling how far it is; a broken one is reported and passed over. */
export async function* embedPictures(
  model: VisionModel,
  pictures: readonly NamedPicture[],
  { batch, pool, normalize }: Pick<ModelOptions, "batch"> & EmbeddingOptions,
  report: Report,
  terminal: Terminal,
): AsyncGenerator<NamedVector> {
  const progress = terminal.progress(`0 / ${pictures.length}`);
  try {
    const results = model.embedAll(
      pictures.map(({ input }) => input),
      {
        ...(pool && { pool }),
        ...(normalize !== undefined && { normalize }),
        ...(batch !== undefined && { batch }),
        signal: terminal.signal,
      },
    );
    for await (const item of results) {
      const { name } = pictures[item.index]!;
      if ("error" in item) report.addFailure(name, item.error);
      else yield { id: name, vector: item.result };
      progress.update(`${item.index + 1} / ${pictures.length}`);
    }
  } finally {
    progress.end();
  }
  if (report.failures > 0) terminal.note(`${report.failures} of ${pictures.length} pictures failed and are left out`);
}

/** Small pictures for a page, by path. */
export async function thumbnailsOf(
  ids: Iterable<string>,
  pictures: readonly NamedPicture[],
): Promise<Map<string, Thumbnail>> {
  const inputs = new Map(pictures.map(({ name, input }) => [name, input]));
  const all = new Map<string, Thumbnail>();
  for (const id of ids) all.set(id, thumbnail(await readImage(inputs.get(id)!), THUMBNAIL));
  return all;
}
