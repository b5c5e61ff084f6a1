import { type Html, html } from "./html.js";

/** A line through points, or the points alone, `[x, y]`. */
export interface Line {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
  /** "aside": thin and gray, such as what would be ideal. Default "line". */
  kind?: "line" | "dots" | "aside";
}

export interface PlotOptions {
  /** What the axes show. */
  x: string;
  y: string;
  /** Ends of the axes. Default: what holds all points. */
  xRange?: readonly [number, number];
  yRange?: readonly [number, number];
}

const WIDTH = 420;
const HEIGHT = 280;
/** Room for numbers and names. */
const MARGIN = { left: 60, right: 20, top: 12, bottom: 44 };
const TICKS = 4;
/** Of lines in their order; told apart by dashes too, for eyes that don't tell colors. */
const STROKES = [
  { color: "#2f6fdb", dash: "" },
  { color: "#d9602b", dash: "7 3" },
  { color: "#2c9a5b", dash: "2 3" },
  { color: "#9a4fc4", dash: "8 3 2 3" },
];

/** Lines over two axes as an SVG that needs no script and no style from outside. */
export function linePlot(title: string, lines: readonly Line[], { x, y, xRange, yRange }: PlotOptions): Html {
  const all = lines.flatMap(({ points }) => points);
  const [left, right] = xRange ?? rangeOf(all.map(([value]) => value));
  const [low, high] = yRange ?? rangeOf(all.map(([, value]) => value));
  const across = (value: number) =>
    (MARGIN.left + ((value - left) / (right - left)) * (WIDTH - MARGIN.left - MARGIN.right)).toFixed(1);
  const down = (value: number) =>
    (HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom)).toFixed(1);
  const ticks = (from: number, to: number) =>
    Array.from({ length: TICKS + 1 }, (_, i) => from + ((to - from) * i) / TICKS);
  const grid = [
    ...ticks(left, right).map(
      (value) => html`<path d="M${across(value)} ${down(low)}V${down(high)}" stroke="#8884"></path>
<text x="${across(value)}" y="${HEIGHT - MARGIN.bottom + 14}" text-anchor="middle">${short(value, right - left)}</text>
`,
    ),
    ...ticks(low, high).map(
      (value) => html`<path d="M${across(left)} ${down(value)}H${across(right)}" stroke="#8884"></path>
<text x="${MARGIN.left - 6}" y="${down(value)}" text-anchor="end">${short(value, high - low)}</text>
`,
    ),
  ];
  let drawn = 0;
  const shapes = lines.map(({ points, kind = "line" }) => {
    const { color, dash } = kind === "aside" ? { color: "#888", dash: "3 4" } : STROKES[drawn++ % STROKES.length]!;
    if (kind === "dots")
      return html`${points.map(([px, py]) => html`<circle cx="${across(px)}" cy="${down(py)}" r="4" fill="${color}"></circle>`)}`;
    const path = points.map(([px, py], i) => `${i === 0 ? "M" : "L"}${across(px)} ${down(py)}`).join("");
    return html`<path d="${path}" fill="none" stroke="${color}" stroke-width="${kind === "aside" ? 1 : 2}" stroke-dasharray="${dash || "none"}"></path>`;
  });
  return html`<figure><figcaption>${title}</figcaption>
<svg role="img" aria-label="${title}" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
<title>${title}: ${lines.map(({ name, points }) => `${name} ${points.map(([px, py]) => `(${round(px)}, ${round(py)})`).join(" ")}`).join("; ")}</title>
${grid}${shapes}
<text x="${(WIDTH + MARGIN.left) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${x}</text>
<text x="${14}" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 ${HEIGHT / 2})">${y}</text>
</svg>
${legend(lines)}</figure>`;
}

function legend(lines: readonly Line[]): Html {
  let drawn = 0;
  const named = lines.map(({ name, kind }) => ({
    name,
    ...(kind === "aside" ? { color: "#888", dash: "3 4" } : STROKES[drawn++ % STROKES.length]!),
  }));
  if (named.length < 2) return html``;
  return html`<div>${named.map(
    ({ name, color, dash }) =>
      html`<svg aria-hidden="true" width="26" height="12" viewBox="0 0 26 12"><path d="M0 6H24" stroke="${color}" stroke-width="2" stroke-dasharray="${dash || "none"}"></path></svg> ${name} &nbsp; `,
  )}</div>`;
}

/** From the least to the most, with some room where they are the same. */
function rangeOf(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!(low < high)) return Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  return [low, high];
}

function short(value: number, span: number): string {
  return value.toFixed(span >= 20 ? 0 : span >= 2 ? 1 : 2);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
