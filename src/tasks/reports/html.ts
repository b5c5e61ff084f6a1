/** Text that is safe as HTML. Made by `html` only. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A template whose every value is escaped, for text and for quoted attributes, unless it is HTML of this template's making. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, next, index) => text + inHtml(parts[index - 1]!) + next));
}

function inHtml(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("");
  // Characters that HTML does not know at all, such as NUL, would make browsers guess.
  return String(part)
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!)
    .replace(/[^\P{Cc}\t\n]/gu, "\ufffd");
}
