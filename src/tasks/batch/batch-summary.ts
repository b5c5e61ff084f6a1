import type { Label } from "../classification.js";
import type { BatchRow } from "./column.js";

/** What a batch came to. */
export interface BatchSummary {
  /** The name of the run: equal for equal pictures, models and options. */
  run: string;
  task: string;
  rows: number;
  failures: number;
  /** How many pictures failed with each code, most first. */
  errors: Record<string, number>;
  /** Of `classify`: how often each label was the best, most first. */
  labels?: Record<string, number>;
  /** Of `faces`: how many pictures have so many faces. */
  facesPerPicture?: Record<string, number>;
  /** Of `faces`: how often each value of an attribute was the best. */
  attributes?: Record<string, Record<string, number>>;
  output: { file: string; bytes: number; sha256: string };
  /** Of the process that ended the batch: what it did itself. */
  time: { pictures: number; seconds: number };
}

/** The failures that a report names, the first ones. */
const MOST_EXAMPLES = 100;

/** Counts rows as they are joined. */
export class RowCounts {
  private rows = 0;
  private failures = 0;
  private readonly errors = new Map<string, number>();
  private readonly labels = new Map<string, number>();
  private readonly faces = new Map<string, number>();
  private readonly attributes = new Map<string, Map<string, number>>();
  readonly examples: { id: string; code: string; message: string }[] = [];

  add({ id, error, labels, faces }: BatchRow): void {
    this.rows++;
    if (error) {
      this.failures++;
      increase(this.errors, error.code);
      if (this.examples.length < MOST_EXAMPLES) this.examples.push({ id, ...error });
      return;
    }
    if (labels) increase(this.labels, (labels as Label[])[0]?.label ?? "(none above the threshold)");
    if (faces) this.addFaces(faces as { attributes: Record<string, { scores: Record<string, number> }> }[]);
  }

  counts(): Pick<BatchSummary, "rows" | "failures" | "errors" | "labels" | "facesPerPicture" | "attributes"> {
    const { rows, failures } = this;
    const byNumber = [...this.faces].sort(([a], [b]) => Number(a) - Number(b));
    return {
      rows,
      failures,
      errors: mostFirst(this.errors),
      ...(this.labels.size > 0 && { labels: mostFirst(this.labels) }),
      ...(this.faces.size > 0 && { facesPerPicture: Object.fromEntries(byNumber) }),
      ...(this.attributes.size > 0 && {
        attributes: Object.fromEntries([...this.attributes].map(([name, counts]) => [name, mostFirst(counts)])),
      }),
    };
  }

  private addFaces(faces: readonly { attributes: Record<string, { scores: Record<string, number> }> }[]): void {
    increase(this.faces, String(faces.length));
    for (const { attributes } of faces)
      for (const [name, { scores }] of Object.entries(attributes)) {
        const counts = this.attributes.get(name) ?? new Map<string, number>();
        this.attributes.set(name, counts);
        const [best] = Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a));
        increase(counts, best);
      }
  }
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFirst(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}
