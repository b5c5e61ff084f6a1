import { VitrailError } from "../../errors.js";
import type { BatchItem } from "./batch-item.js";
import type { BatchTask, Outcome } from "./batch-task.js";
import type { BatchRow } from "./column.js";
import { openPicture, type PictureAccess } from "./open-picture.js";

/** Where the pictures of a part are had, and who is told how far it is. */
export interface PartOptions extends PictureAccess {
  signal: AbortSignal;
  /** Called after each group of pictures. */
  onRows?: (rows: readonly BatchRow[]) => void;
}

/**
 * The rows of a part, in the order of its items. Pictures are read while those before them are computed. A broken one is a row with `error`.
 *
 * @throws what is no picture's fault; `signal.reason`
 */
export async function answerPart(
  items: readonly BatchItem[],
  task: BatchTask,
  { signal, onRows, ...access }: PartOptions,
): Promise<BatchRow[]> {
  const groups: BatchItem[][] = [];
  for (let from = 0; from < items.length; from += task.groupSize) groups.push(items.slice(from, from + task.groupSize));
  const open = (group: readonly BatchItem[] = []) => {
    const opening = Promise.all(group.map(({ source }) => openPicture(source, access, signal)));
    opening.catch(() => {}); // it is awaited later, or the part has failed before
    return opening;
  };
  const rows: BatchRow[] = [];
  let next = open(groups[0]);
  for (const [i, group] of groups.entries()) {
    signal.throwIfAborted();
    const opened = await next;
    next = open(groups[i + 1]);
    const pictures = opened.filter((one): one is Uint8Array => !(one instanceof VitrailError));
    const outcomes = pictures.length > 0 ? await task.answer(pictures, signal) : [];
    let answered = 0;
    const done = group.map((item, place) => {
      const picture = opened[place]!;
      return rowOf(item, picture instanceof VitrailError ? { error: picture } : outcomes[answered++]!);
    });
    rows.push(...done);
    onRows?.(done);
  }
  return rows;
}

function rowOf({ index, id }: BatchItem, outcome: Outcome): BatchRow {
  if ("fields" in outcome) return { index, id, ...outcome.fields };
  const { error } = outcome;
  if (!(error instanceof VitrailError)) throw error;
  return { index, id, error: { code: error.code, message: error.message } };
}
