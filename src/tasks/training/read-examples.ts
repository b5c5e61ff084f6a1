import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { TrainingError, VitrailError } from "../../errors.js";
import { isPictureFile } from "../picture-file.js";
import { type Example, type ExampleSet, type NamedExample, type Omission, omission, type Problem } from "./example.js";
import { labelsOf } from "./labels-of.js";
import { readListing } from "./read-listing.js";

/** Where examples come from: a folder with a folder of pictures per label, a `.csv` or `.jsonl` file, or a list. */
export type ExampleSource = string | Iterable<Example>;

/**
 * Reads which pictures there are and what they show; the pictures themselves stay where they are.
 *
 * @param wanted which problem it has to be; default: "multi-label" where an example has `labels`, else "single-label"
 * @throws TrainingError `training/not-found`, `training/no-examples`, `training/listing`, `training/example`, `training/labels`
 */
export async function readExamples(source: ExampleSource, wanted?: Problem): Promise<ExampleSet> {
  const omitted: Omission[] = [];
  const given = typeof source === "string" ? await fromPath(source, omitted) : asList(source);
  const problem = wanted ?? (given.some(({ labels }) => labels !== undefined) ? "multi-label" : "single-label");
  const examples: NamedExample[] = [];
  for (const [index, example] of given.entries()) {
    const name = nameOf(example, index);
    try {
      examples.push({ name, image: example.image, labels: labelsOf(example, name, problem) });
    } catch (error) {
      if (!(error instanceof VitrailError)) throw error;
      omitted.push(omission(name, error));
    }
  }
  if (examples.length === 0)
    throw new TrainingError(
      "training/no-examples",
      `${typeof source === "string" ? `"${source}"` : "The list"} has no labelled picture${omitted.length > 0 ? ` (${omitted.length} left out, the first: ${omitted[0]!.message})` : ""}. Wanted a folder of JPEG, PNG, WebP or BMP files for each label, or a list of { image, label }.`,
      { details: { omitted } },
    );
  return { problem, examples, omitted };
}

async function fromPath(path: string, omitted: Omission[]): Promise<Example[]> {
  const entry = await stat(path).catch(() => undefined);
  if (!entry)
    throw new TrainingError(
      "training/not-found",
      `There is no "${path}". Pass a folder with a folder of pictures per label, or a .csv or .jsonl file.`,
      { details: { path } },
    );
  if (entry.isDirectory()) return fromFolder(path, omitted);
  const ending = extname(path).toLowerCase();
  if (ending === ".csv" || ending === ".jsonl") return readListing(path, ending, omitted);
  throw new TrainingError(
    "training/listing",
    `"${path}" is no folder and does not end with .csv or .jsonl, so nothing says what its pictures show.`,
    { details: { path } },
  );
}

/** A folder's folders are the labels; in the order of their names, with their pictures in the order of theirs. */
async function fromFolder(root: string, omitted: Omission[]): Promise<Example[]> {
  const examples: Example[] = [];
  const entries = await readdir(root, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(root, entry.name);
    // A link to a folder is a folder.
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isDirectory())) {
      if (entry.name.startsWith(".")) continue;
      const files = (await readdir(path, { recursive: true })).filter(isPictureFile).sort();
      if (files.length === 0) omitted.push(emptyFolder(path));
      for (const file of files) examples.push({ image: join(path, file), label: entry.name });
    } else if (isPictureFile(entry.name)) {
      const message = `"${path}" is in no folder that would be its label. Move it into one.`;
      omitted.push({ name: path, code: "training/labels", message });
    }
  }
  return examples;
}

const emptyFolder = (name: string): Omission => ({
  name,
  code: "training/empty-folder",
  message: `"${name}" has no JPEG, PNG, WebP or BMP file, so there is no such label.`,
});

function asList(source: Iterable<Example>): Example[] {
  if (typeof (source as unknown as undefined)?.[Symbol.iterator] !== "function")
    throw new TrainingError(
      "training/example",
      `Examples came as ${source === null ? "null" : typeof source}; wanted a path, or a list of { image, label }.`,
    );
  return [...source].map((example, index) => {
    if (typeof example === "object" && example !== null && "image" in example) return example;
    throw new TrainingError("training/example", `Example ${index} has no "image"; wanted { image, label }.`, {
      details: { index },
    });
  });
}

function nameOf({ name, image }: Example, index: number): string {
  return name ?? (typeof image === "string" || image instanceof URL ? String(image) : `example ${index}`);
}
