import type { StreamItem } from "../../tasks/batches.js";
import type { ImageInput } from "../../tasks/image-input.js";
import { EXIT } from "./exit-codes.js";
import type { NamedPicture } from "./pictures.js";
import type { Report } from "./report.js";
import type { Terminal } from "./terminal.js";

/** Goes through a stream of results, telling how far it is, and reports each. Returns the exit code. */
export async function reportStream<Result>(
  pictures: readonly NamedPicture[],
  results: AsyncIterable<StreamItem<ImageInput, Result>>,
  report: Report,
  terminal: Terminal,
  describe: (name: string, result: Result) => { document: object; text: string[] },
): Promise<number> {
  const progress = terminal.progress(`0 / ${pictures.length}`);
  try {
    for await (const item of results) {
      const { name } = pictures[item.index]!;
      if ("error" in item) report.addFailure(name, item.error);
      else {
        const { document, text } = describe(name, item.result);
        report.add(document, text);
      }
      progress.update(`${item.index + 1} / ${pictures.length}`);
    }
  } finally {
    progress.end();
  }
  report.end();
  if (report.failures > 0) terminal.note(`${report.failures} of ${pictures.length} pictures failed`);
  return report.failures > 0 ? EXIT.someFailed : EXIT.ok;
}
