import type { BatchSummary } from "../batch/batch-summary.js";
import { attributeOfLabels, DETECTION_LIMITATION, limitationsOf } from "../limitations.js";
import { type Bar, barChart } from "./bar-chart.js";
import { html } from "./html.js";
import { page } from "./page.js";

/** Bars of a chart: what is rarer is summed in the last. */
const MOST_BARS = 40;

/**
 * A page about a batch, to open offline: how many pictures, what they show, and which failed.
 *
 * @param examples failures that are named
 */
export function batchReport(
  { task, rows, failures, errors, labels, facesPerPicture, attributes = {}, output, time, run }: BatchSummary,
  examples: readonly { id: string; code: string; message: string }[],
): string {
  const charts = [
    ...(labels ? [barChart("Best label", barsOf(labels))] : []),
    ...(facesPerPicture ? [barChart("Faces per picture", barsOf(facesPerPicture))] : []),
    ...Object.entries(attributes).map(([name, counts]) => barChart(name, barsOf(counts))),
    ...(failures > 0 ? [barChart("Failures", barsOf(errors))] : []),
  ];
  const named = examples.map(
    ({ id, code, message }) => html`<tr><td>${id}</td><td>${code}</td><td>${message}</td></tr>
`,
  );
  const asked = labels ? attributeOfLabels(Object.keys(labels)) : undefined;
  const limitations = [
    ...(facesPerPicture ? [DETECTION_LIMITATION] : []),
    ...limitationsOf([...Object.keys(attributes), ...(asked ? [asked] : [])]),
  ];
  return page(
    `Batch: ${task}`,
    html`<p>${rows} pictures, ${rows - failures} with a result, ${failures} failed.</p>
<p class="quiet">${output.file}, ${output.bytes} bytes, SHA-256 ${output.sha256}. Run ${run}; the process that ended it did ${time.pictures} pictures in ${time.seconds} s.</p>
${limitations.length > 0 ? html`<aside aria-label="Limitations"><h2>What these answers are not</h2><ul>${limitations.map((text) => html`<li>${text}</li>`)}</ul></aside>` : ""}
${charts}
${named.length > 0 ? html`<h2>Failed${examples.length < failures ? `, the first ${examples.length}` : ""}</h2><table><thead><tr><th scope="col">Picture</th><th scope="col">Code</th><th scope="col">Why</th></tr></thead><tbody>${named}</tbody></table>` : ""}`,
  );
}

function barsOf(counts: Readonly<Record<string, number>>): Bar[] {
  const bars = Object.entries(counts);
  const rest = bars.slice(MOST_BARS).reduce((sum, [, count]) => sum + count, 0);
  return [...bars.slice(0, MOST_BARS), ...(rest > 0 ? [[`${bars.length - MOST_BARS} others`, rest] as const] : [])];
}
