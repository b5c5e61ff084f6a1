import { InvalidArgumentError, Option } from "commander";
import { VitrailError } from "../../errors.js";
import type { Terminal } from "./terminal.js";

/** How results are printed: for people, as one JSON document, or as a line of JSON for each picture. */
export type ReportFormat = "text" | "json" | "jsonl";

export interface ReportOptions {
  json?: true;
  jsonl?: true;
}

/** `--json` and `--jsonl`, which exclude each other. */
export const reportOptions = () => [
  new Option("--json", "print one JSON document").conflicts("jsonl"),
  new Option("--jsonl", "print a line of JSON for each picture"),
];

/** Prints the results of pictures as they come and remembers whether one failed. */
export class Report {
  private readonly documents: object[] = [];
  failures = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly format: ReportFormat,
  ) {}

  static from(terminal: Terminal, { json, jsonl }: ReportOptions): Report {
    return new Report(terminal, json ? "json" : jsonl ? "jsonl" : "text");
  }

  /** @param text lines for people */
  add(document: object, text: readonly string[]): void {
    if (this.format === "json") this.documents.push(document);
    else if (this.format === "jsonl") this.terminal.out(JSON.stringify(document));
    else for (const line of text) this.terminal.out(line);
  }

  /** A picture without a result: part of the JSON, a note for people. */
  addFailure(file: string, error: Error): void {
    this.failures++;
    const code = error instanceof VitrailError ? error.code : "error";
    if (this.format !== "text") this.add({ file, error: { code, message: error.message } }, []);
    this.terminal.note(`${file}: ${error.message}`);
  }

  /**
   * The last word.
   *
   * @param summary of all pictures: in JSON beside their results, which are then `pictures`; a line of its own in JSON lines
   */
  end(summary?: { document: object; text: readonly string[] }): void {
    if (this.format === "json") {
      const all = summary ? { pictures: this.documents, ...summary.document } : this.documents;
      this.terminal.out(JSON.stringify(all, null, 2));
    } else if (summary) this.add(summary.document, summary.text);
  }
}

/** Commander's way to check a number on the command line. */
export function numberArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}
