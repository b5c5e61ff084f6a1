// The part of a document that a benchmark writes.
import { readFileSync, writeFileSync } from "node:fs";

const [BEGIN, END] = ["<!-- npm run bench -->", "<!-- end -->"];

/** Replaces what stands between the document's marks. */
export function writeFigures(file, text) {
  const document = readFileSync(file, "utf8");
  const [before, rest] = document.split(BEGIN);
  const after = rest?.slice(rest.indexOf(END));
  if (!after?.startsWith(END)) throw new Error(`${file} has no "${BEGIN}" and "${END}"`);
  writeFileSync(file, `${before}${BEGIN}\n${text}\n${after}`);
}
