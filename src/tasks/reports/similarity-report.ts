import type { Clusters } from "../search/cluster.js";
import type { Duplicates } from "../search/find-duplicates.js";
import type { SearchHit } from "../search/search-index.js";
import { type Bar, barChart } from "./bar-chart.js";
import { type Html, html } from "./html.js";
import { page } from "./page.js";
import type { Thumbnail } from "./thumbnail.js";

/** Small pictures by id; an item without one is shown by its name. */
export type Thumbnails = ReadonlyMap<string, Thumbnail>;

const WHY: Readonly<Record<Duplicates["source"], string>> = {
  given: "as it was asked for",
  split: "in the middle of the gap between the distances of copies and of other pictures",
  default: "by default, since the distances show no clear gap",
};
const BINS = 20;

/** A page with each group of near-duplicates side by side, and how the threshold was chosen. */
export function duplicatesReport(
  { groups, pairs, threshold, source, nearest }: Duplicates,
  pictures: Thumbnails,
): string {
  const similarities = new Map<string, number>();
  for (const { a, b, similarity } of pairs)
    for (const id of [a, b]) similarities.set(id, Math.max(similarities.get(id) ?? -1, similarity));
  return page(
    "Near-duplicates",
    html`<p>${pairs.length} pairs in ${groups.length} groups among ${nearest.length} pictures. Pictures whose cosine is at least
${threshold.toFixed(4)} count as copies: ${WHY[source]}.</p>
${barChart("Each picture's cosine to the one nearest to it", histogram(nearest))}
${groups.map((group, i) => sheet(`Group ${i + 1}: ${group.length} pictures`, group, pictures, (id) => `nearest ${similarities.get(id)!.toFixed(4)}`))}`,
  );
}

/** A page with the pictures of each cluster side by side, those in its middle first. */
export function clustersReport({ method, clusters, alone }: Clusters, pictures: Thumbnails): string {
  return page(
    "Clusters",
    html`<p>${clusters.length} clusters by ${method}; ${alone.length} pictures in none.</p>
${clusters.map((cluster, i) => sheet(`Cluster ${i + 1}: ${cluster.length} pictures`, cluster, pictures))}
${alone.length > 0 ? [sheet("In no cluster", alone, pictures)] : []}`,
  );
}

/** A picture that was looked for, and what is like it, best first. */
export interface Answer {
  query: string;
  hits: readonly SearchHit[];
}

/** A page with each picture that was looked for and its hits side by side. */
export function searchReport(answers: readonly Answer[], pictures: Thumbnails): string {
  return page(
    "Found",
    html`${answers.map(({ query, hits }) => {
      const scores = new Map(hits.map(({ id, score }) => [id, score]));
      return html`${sheet(`Like ${query}`, [query], pictures)}${sheet(`${hits.length} found, with their scores`, [...scores.keys()], pictures, (id) => scores.get(id)!.toFixed(4))}`;
    })}`,
  );
}

function sheet(title: string, ids: readonly string[], pictures: Thumbnails, note?: (id: string) => string): Html {
  return html`<article><h3>${title}</h3>
${ids.map((id) => {
  const picture = pictures.get(id);
  const shown = picture
    ? [html`<img src="${picture.url}" width="${picture.width}" height="${picture.height}" alt="${id}">`]
    : [];
  return html`<figure>${shown}<br>${id}<br><span class="quiet">${note?.(id) ?? ""}</span></figure>
`;
})}</article>
`;
}

/** Counts of similarities in steps of a twentieth, from the lowest that there is. */
function histogram(similarities: readonly number[]): Bar[] {
  const counts = new Map<number, number>();
  for (const value of similarities) {
    const bin = Math.min(BINS - 1, Math.floor(value * BINS));
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const first = Math.min(BINS - 1, ...counts.keys());
  return Array.from({ length: BINS - first }, (_, i): Bar => {
    const from = (first + i) / BINS;
    return [`${from.toFixed(2)} to ${(from + 1 / BINS).toFixed(2)}`, counts.get(first + i) ?? 0];
  });
}
