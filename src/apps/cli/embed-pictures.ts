import { VitrailError } from "../../errors.js";
import type { EmbeddingOptions } from "../../tasks/embedding.js";
import { readImage } from "../../tasks/image-input.js";
import { type Thumbnail, thumbnail } from "../../tasks/reports/thumbnail.js";
import type { VisionModel } from "../../tasks/vision-model.js";
import type { NamedVector } from "../../tasks/write-vectors.js";
import { EXIT } from "./exit-codes.js";
import { loadForCommand, type ModelOptions } from "./model-options.js";
import { expandPictures, type NamedPicture } from "./pictures.js";
import { Report } from "./report.js";
import type { Terminal } from "./terminal.js";
import { writeText } from "./write-file.js";

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

/** Loads the model and embeds all pictures that can be read, for commands that need every vector before they can say anything. */
export async function embedForCommand(
  folder: string,
  names: readonly string[],
  options: ModelOptions & EmbeddingOptions,
  terminal: Terminal,
): Promise<{ pictures: NamedPicture[]; vectors: NamedVector[]; exitCode: number }> {
  const pictures = await expandPictures(names, terminal);
  await using model = await loadForCommand(folder, options, terminal);
  const report = Report.from(terminal, {});
  const vectors: NamedVector[] = [];
  for await (const item of embedPictures(model, pictures, options, report, terminal)) vectors.push(item);
  return { pictures, vectors, exitCode: report.failures > 0 ? EXIT.someFailed : EXIT.ok };
}

/**
 * Writes a page with small pictures.
 *
 * @param shown paths of the pictures that the page has; one that can't be read is shown by its name
 * @param pictures where a name is no path: standard input
 */
export async function writePage(
  file: string,
  shown: Iterable<string>,
  pictures: readonly NamedPicture[],
  page: (thumbnails: Map<string, Thumbnail>) => string,
  terminal: Terminal,
): Promise<void> {
  const inputs = new Map(pictures.map(({ name, input }) => [name, input]));
  const thumbnails = new Map<string, Thumbnail>();
  for (const id of new Set(shown))
    try {
      thumbnails.set(id, thumbnail(await readImage(inputs.get(id) ?? id), THUMBNAIL));
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
      terminal.note(`${id}: ${error.message}`);
    }
  await writeText(file, page(thumbnails));
  terminal.note(`wrote ${file}`);
}
