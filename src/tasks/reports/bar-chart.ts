import { type Html, html } from "./html.js";

/** A bar: its name and a count of at least 0. */
export type Bar = readonly [name: string, count: number];

const ROW = 26;
const NAMES = 150;
const BARS = 330;
const NUMBERS = 60;

/** Horizontal bars as an SVG that needs no script and no style from outside; readers of screens get its title and its text. */
export function barChart(title: string, bars: readonly Bar[]): Html {
  const most = Math.max(1, ...bars.map(([, count]) => count));
  const height = bars.length * ROW;
  const rows = bars.map(([name, count], index) => {
    const length = (count / most) * BARS;
    const middle = index * ROW + ROW / 2;
    return html`<text class="name" x="${NAMES - 8}" y="${middle}">${shortened(name)}</text>
<rect x="${NAMES}" y="${index * ROW + 4}" width="${length.toFixed(1)}" height="${ROW - 8}"></rect>
<text x="${(NAMES + length + 6).toFixed(1)}" y="${middle}">${count}</text>
`;
  });
  return html`<figure><figcaption>${title}</figcaption>
<svg role="img" aria-label="${title}" viewBox="0 0 ${NAMES + BARS + NUMBERS} ${height}" width="${NAMES + BARS + NUMBERS}" height="${height}">
<title>${title}: ${bars.map(([name, count]) => `${name} ${count}`).join(", ")}</title>
${rows}</svg></figure>`;
}

function shortened(name: string): string {
  const letters = [...name];
  return letters.length > 20 ? `${letters.slice(0, 19).join("")}…` : name;
}
