import { VitrailError } from "../../errors.js";
import type { StreamItem } from "../../tasks/batches.js";
import type { ImageInput } from "../../tasks/image-input.js";
import { EXIT } from "./exit-codes.js";
import type { NamedPicture } from "./pictures.js";
import type { Report } from "./report.js";
import type { Terminal } from "./terminal.js";

/** What is printed of a result. */
export interface Description {
  document: object;
  /** Lines for people. */
  text: string[];
}

export interface StreamHooks {
  /** A last word about all pictures. */
  summarize?(): Promise<Description | undefined>;
  /** Learns of a picture that has no result. */
  onFailure?(name: string, error: Error): void;
}

/**
 * Goes through a stream of results, telling how far it is, and reports each. Returns the exit code.
 *
 * @param describe also the place to do more with a result; what it foresees to fail with is that picture's failure
 */
export async function reportStream<Result>(
  pictures: readonly NamedPicture[],
  results: AsyncIterable<StreamItem<ImageInput, Result>>,
  report: Report,
  terminal: Terminal,
  describe: (name: string, result: Result, index: number) => Description | Promise<Description>,
  { summarize, onFailure }: StreamHooks = {},
): Promise<number> {
  const progress = terminal.progress(`0 / ${pictures.length}`);
  const failed: string[] = [];
  try {
    for await (const item of results) {
      const { name } = pictures[item.index]!;
      const fail = (error: Error) => {
        failed.push(name);
        report.addFailure(name, error);
        onFailure?.(name, error);
      };
      if ("error" in item) fail(item.error);
      else
        try {
          const { document, text } = await describe(name, item.result, item.index);
          report.add(document, text);
        } catch (error) {
          if (!(error instanceof VitrailError)) throw error;
          fail(error);
        }
      progress.update(`${item.index + 1} / ${pictures.length}`);
    }
  } finally {
    progress.end();
  }
  let summary: Description | undefined;
  try {
    summary = await summarize?.();
  } finally {
    report.end(summary); // what is known of each picture must not be lost with the last word about all
  }
  // Once more, for each failure's own line may be far up by now.
  if (failed.length > 0)
    terminal.note([`${failed.length} of ${pictures.length} pictures failed:`, ...failed].join("\n  "));
  return failed.length > 0 ? EXIT.someFailed : EXIT.ok;
}
