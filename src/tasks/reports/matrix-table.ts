import { type Html, html } from "./html.js";

/** A table of counts by truth and answer, darker where there are more, with the rows' names as headers. */
export function matrixTable(title: string, labels: readonly string[], counts: readonly (readonly number[])[]): Html {
  const cell = (row: readonly number[], count: number) => {
    const share =
      count /
      Math.max(
        1,
        row.reduce((sum, one) => sum + one, 0),
      );
    return html`<td style="text-align:right;background:rgba(47,111,219,${(share * 0.6).toFixed(2)})">${count}</td>`;
  };
  return html`<figure><figcaption>${title}</figcaption>
<table><thead><tr><th scope="col">truth \\ answer</th>${labels.map((label) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${counts.map(
    (row, i) => html`<tr><th scope="row">${labels[i]!}</th>${row.map((count) => cell(row, count))}</tr>
`,
  )}</tbody></table></figure>`;
}
