import type { LayerReport, QuantizationReport, WorstPicture } from "../quantize/quantization-report.js";
import { type Html, html } from "./html.js";
import { page } from "./page.js";
import type { Thumbnail } from "./thumbnail.js";

/** The receipt of a quantized model as a page: what it lost, layer by layer and picture by picture, and what it gained. Opens offline, runs nothing. */
export function quantizationPage(report: QuantizationReport, thumbnails: ReadonlyMap<string, Thumbnail>): string {
  const { model, dtype, integers, pictures, omitted } = report;
  const kept = report.layers.filter(({ stored }) => stored === "as it was");
  return page(
    `${model} as ${dtype}`,
    html`<p>Measured on ${pictures} pictures${integers ? ` with ${INTEGERS[integers]}` : ""}, against the model as it was.${omitted.length > 0 ? ` ${omitted.length} could not be read.` : ""}
${report.layers.length - kept.length} of ${report.layers.length} matrices of the blocks are ${dtype}${kept.length > 0 ? `; ${kept.length === 1 ? "1 stayed as it was" : `${kept.length} stayed as they were`}` : ""}. The products within the attentions are ${report.attention}.</p>
${closenessSection(report)}
${gainSection(report)}
<h2>Pictures that changed most</h2>
${report.worst.map((one) => pictureSection(one, report, thumbnails))}
${layerSection(report)}
${report.sensitivities ? sensitivitySection(report.sensitivities) : ""}
${omitted.length > 0 ? html`<h2>Left out</h2><ul>${omitted.map(({ name, message }) => html`<li>${name}: ${message}</li>`)}</ul>` : ""}`,
  );
}

const INTEGERS = { u8: "bytes", u7: "7 bits of a byte", i12: "12 bits" } as const;

function closenessSection({ agreement, cosine, error, divergence, budget = {} }: QuantizationReport): Html {
  const columns = Object.keys(budget).length > 0 ? 3 : 2;
  const what =
    agreement.of === "labels"
      ? `same best label (${agreement.pictures} pictures)`
      : `same nearest picture (of ${agreement.pictures} where that is clear)`;
  const rows: [string, string, string][] = [
    [what, percent(agreement.share), limit(budget.agreement, percent)],
    ["cosine of embeddings, least", cosine.least.toFixed(5), limit(budget.cosine, String)],
    ["cosine of embeddings, mean", cosine.mean.toFixed(5), limit(budget.meanCosine, String)],
    ["relative error of embeddings, mean and most", `${error.mean.toFixed(4)}, ${error.most.toFixed(4)}`, ""],
  ];
  if (divergence)
    rows.push([
      "KL divergence of probabilities, mean and most, in nats",
      `${divergence.mean.toExponential(2)}, ${divergence.most.toExponential(2)}`,
      limit(budget.divergence, String, "at most"),
    ]);
  return html`<h2>How near it is</h2>${table(
    ["", "found", "budget"].slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
  )}`;
}

const limit = (value: number | undefined, text: (value: number) => string, bound = "at least") =>
  value === undefined ? "" : `${bound} ${text(value)}`;

function gainSection({ dtype, size, speed }: QuantizationReport): Html {
  const rows: [string, string, string, string][] = [
    ["weights", megabytes(size.before), megabytes(size.after), ratio(size.after, size.before)],
    ...speed.map(({ engine, before, after }): [string, string, string, string] => [
      `a picture on ${engine}`,
      milliseconds(before),
      milliseconds(after),
      ratio(after, before),
    ]),
  ];
  return html`<h2>Size and speed</h2>${table(["", "before", "after", "ratio"], rows)}
<p class="quiet">Least time of several, in turns, one picture at a time.${dtype === "int8" ? " Engines without products of integers (all but vitrail and onnxruntime) bring int8 back to float32, which gains nothing there." : ""}</p>`;
}

function pictureSection(
  { name, cosine, divergence, before, after }: WorstPicture,
  { agreement }: QuantizationReport,
  thumbnails: ReadonlyMap<string, Thumbnail>,
): Html {
  const answer = ({ label, score }: WorstPicture["before"], title: string) => {
    const shown = agreement.of === "neighbors" ? [picture(label, thumbnails)] : [];
    return html`<figure style="width:170px;overflow-wrap:anywhere"><figcaption>${title}</figcaption>${shown}${label}<br><span class="quiet">${score.toFixed(4)}</span></figure>`;
  };
  const facts = `cosine ${cosine.toFixed(5)}${divergence === undefined ? "" : `, KL divergence ${divergence.toExponential(2)}`}`;
  return html`<article><h3>${name}</h3>
<figure style="width:170px;overflow-wrap:anywhere">${picture(name, thumbnails)}<span class="quiet">${facts}</span></figure>
${answer(before, agreement.of === "labels" ? "before" : "nearest before")}
${answer(after, `${agreement.of === "labels" ? "after" : "nearest after"}${before.label === after.label ? "" : ": changed"}`)}</article>
`;
}

function picture(name: string, thumbnails: ReadonlyMap<string, Thumbnail>): Html {
  const found = thumbnails.get(name);
  return found
    ? html`<img src="${found.url}" width="${found.width}" height="${found.height}" alt="${name}"><br>`
    : html`<span class="quiet">no picture</span><br>`;
}

function layerSection({ layers, dtype }: QuantizationReport): Html {
  const most = Math.max(...layers.map(({ error }) => error));
  const row = ({ name, stored, error }: LayerReport) => {
    const width = most > 0 ? Math.round((error / most) * 200) : 0;
    const bar = html`<svg width="200" height="12" role="img" aria-label="${error.toFixed(4)}"><rect width="${width}" height="12"></rect></svg>`;
    return html`<tr><th scope="row">${name}</th><td>${stored}</td><td>${error.toFixed(4)}</td><td>${bar}</td></tr>
`;
  };
  return html`<h2>Layers</h2>
<p class="quiet">How far each layer's output is from the original's on the same input, relative: what ${dtype} does to it by itself.</p>
<table><thead><tr>${["layer", "stored as", "relative error", ""].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${layers.map(row)}</tbody></table>`;
}

function sensitivitySection(sensitivities: NonNullable<QuantizationReport["sensitivities"]>): Html {
  return html`<h2>What to keep first</h2>
<p class="quiet">Relative error of the embeddings when nothing but this is quantized; the first 20.</p>
${table(
  ["layer", "error of embeddings"],
  sensitivities.slice(0, 20).map(({ name, error }) => [name, error.toExponential(2)] as const),
)}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<table><thead><tr>${heads.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${rows.map(
  ([name, ...cells]) => html`<tr><th scope="row">${name!}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody></table>`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
const milliseconds = (time: number) => `${time.toFixed(1)} ms`;
const ratio = (a: number, b: number) => (a / b).toFixed(2);
