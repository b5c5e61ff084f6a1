import { CheckpointError } from "../errors.js";
import { badField, type ConfigFile } from "./config-fields.js";

/** `LABEL_0` …: what Hugging Face calls classes that nobody named. */
export function defaultLabels(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `LABEL_${index}`);
}

/** `id2label` in the order of its ids, or nothing where the field is absent. */
export function labelsById(file: ConfigFile): string[] | undefined {
  const map = file.fields.id2label ?? undefined;
  if (map === undefined) return undefined;
  if (typeof map !== "object" || Array.isArray(map))
    throw badField(file, "id2label", "an object from class number to name");
  const entries = map as Record<string, unknown>;
  const count = Object.keys(entries).length;
  return Array.from({ length: count }, (_, index) => {
    const label = Object.hasOwn(entries, index) ? entries[index] : undefined;
    if (typeof label !== "string")
      throw new CheckpointError(
        "checkpoint/labels",
        `"id2label" in ${file.label} has ${count} entries, so it needs the keys 0 to ${count - 1}, each with a name; "${index}" is missing or no text.`,
        { details: { count, missing: index } },
      );
    return label;
  });
}

/** Checks that there is a name for each class of the classifier. */
export function checkLabelCount(file: ConfigFile, labels: readonly string[], classes: number): void {
  if (labels.length === classes) return;
  throw new CheckpointError(
    "checkpoint/labels",
    `${file.label} names ${labels.length} labels, but the classifier in the weights has ${classes} classes. Use the config.json that belongs to these weights.`,
    { details: { labels: labels.length, classes } },
  );
}
