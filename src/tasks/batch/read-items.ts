import { dirname, isAbsolute, join } from "node:path";
import { InputError } from "../../errors.js";
import type { BatchItem, PictureSource } from "./batch-item.js";
import { type ListingRow, listingRows } from "./listing-rows.js";
import { isInShard, type Shard } from "./shard.js";

/** Pictures of a batch: a picture's path, or a list of pictures in a `.csv`, `.jsonl` or `.parquet` file. */
export type BatchInput = { picture: string } | { listing: string };

/** What fields may be called that say where a picture is, the first that is there counts. `file_name` is that of Hugging Face's `metadata.jsonl`. */
const FIELDS = {
  path: ["path", "file", "image", "file_name"],
  url: ["url", "image_url"],
  base64: ["base64", "image_base64"],
  bytes: ["bytes", "image_bytes", "image"],
} as const;

/**
 * All pictures of a batch in their order, those of one shard, without reading any.
 *
 * @throws InputError `input/listing` for a list that can't be read, `input/not-installed`
 */
export async function* readItems(inputs: readonly BatchInput[], shard?: Shard): AsyncGenerator<BatchItem> {
  let index = 0;
  for await (const item of allItems(inputs)) {
    if (!shard || isInShard(item.id, shard)) yield { index, ...item };
    index++;
  }
}

async function* allItems(inputs: readonly BatchInput[]): AsyncGenerator<Omit<BatchItem, "index">> {
  for (const input of inputs) {
    if ("picture" in input) yield { id: input.picture, source: { kind: "path", value: input.picture } };
    else for await (const row of rowsOf(input.listing)) yield itemOf(row, input.listing);
  }
}

/** The rows of a list, if it names pictures at all: that its first row does not is the user's mistake, not the row's. */
async function* rowsOf(path: string): AsyncGenerator<ListingRow> {
  let isFirst = true;
  for await (const row of listingRows(path)) {
    if (
      isFirst &&
      typeof row.fields !== "string" &&
      !Object.values(FIELDS)
        .flat()
        .some((name) => Object.hasOwn(row.fields as object, name))
    )
      throw new InputError(
        "input/listing",
        `"${path}" has the columns "${Object.keys(row.fields).join('", "')}"; wanted "path", "url" or "base64".`,
        { details: { path, columns: Object.keys(row.fields) } },
      );
    isFirst = false;
    yield row;
  }
}

function itemOf({ line, fields: given }: ListingRow, listing: string): Omit<BatchItem, "index"> {
  const place = `${listing}:${line}`;
  if (typeof given === "string") return { id: place, source: { kind: "none", reason: given } };
  const fields = withoutStruct(given);
  const source = sourceOf(fields, dirname(listing));
  const id = fields.id ?? locationOf(fields);
  const isName = id !== undefined && id !== "" && !/^data:/i.test(String(id));
  return { id: isName ? String(id) : place, source };
}

/** Hugging Face's data sets keep a picture as `image: { bytes, path }`. */
function withoutStruct({ image, ...fields }: Record<string, unknown>): Record<string, unknown> {
  const isStruct = typeof image === "object" && image !== null && !(image instanceof Uint8Array);
  return isStruct ? { ...image, ...fields } : { image, ...fields };
}

function locationOf(fields: Record<string, unknown>): string | undefined {
  return textOf(fields, FIELDS.path) ?? textOf(fields, FIELDS.url);
}

function sourceOf(fields: Record<string, unknown>, folder: string): PictureSource {
  const bytes = FIELDS.bytes.map((name) => fields[name]).find((value) => value instanceof Uint8Array);
  if (bytes) return { kind: "base64", value: Buffer.from(bytes as Uint8Array).toString("base64") };
  const base64 = textOf(fields, FIELDS.base64);
  if (base64 !== undefined) return { kind: "base64", value: base64 };
  const value = locationOf(fields);
  if (value === undefined) return { kind: "none", reason: 'The row has no "path", "url" or "base64".' };
  if (/^data:/i.test(value)) return { kind: "base64", value };
  if (/^https?:/i.test(value)) return { kind: "url", value };
  return { kind: "path", value: isAbsolute(value) || value.startsWith("file:") ? value : join(folder, value) };
}

function textOf(fields: Record<string, unknown>, names: readonly string[]): string | undefined {
  const value = names.map((name) => fields[name]).find((one) => typeof one === "string" && one !== "");
  return value as string | undefined;
}
