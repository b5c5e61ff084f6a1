import type { CalibrationBin } from "../training/calibration.js";
import type { Evaluation, LabelCurve, Mistake } from "../training/evaluation.js";
import type { Omission } from "../training/example.js";
import type { EpochReport } from "../training/train.js";
import { type Html, html } from "./html.js";
import { linePlot } from "./line-plot.js";
import { matrixTable } from "./matrix-table.js";
import { page } from "./page.js";
import type { Thumbnail } from "./thumbnail.js";

export interface TrainingReportOptions {
  title?: string;
  /** How the training went, where the page is about one. */
  history?: readonly EpochReport[];
  /** Small pictures of the worst by name; one without is shown by its name. */
  thumbnails?: ReadonlyMap<string, Thumbnail>;
}

/** Labels up to which a confusion matrix is readable. */
const MOST_LABELS = 40;
/** Curves that fit into one plot. */
const MOST_CURVES = 4;
/** Points of a curve that are drawn: more can't be seen. */
const MOST_POINTS = 200;
/** Pixels that a picture and what is said of it are wide. */
const WORST = 160;

/** A page about what a head's answers are worth: scores, plots, the worst pictures. Opens offline, runs nothing. */
export function trainingReport(
  evaluation: Evaluation,
  { title = "How good the answers are", history = [], thumbnails = new Map() }: TrainingReportOptions = {},
): string {
  const { examples, accuracy, macroF1, loss, calibration, temperature, labels, confusion, curves, worst, omitted } =
    evaluation;
  return page(
    title,
    html`<p>${examples} pictures: <b>${percent(accuracy)}</b> answered right, macro F1 ${macroF1.toFixed(3)}, loss ${loss.toFixed(3)}.
Expected calibration error ${percent(calibration.before.ece)}, with the temperature of ${temperature.toFixed(3)} ${percent(calibration.after.ece)}.</p>
<h2>Labels</h2>
<table><thead><tr>${["label", "precision", "recall", "F1", "pictures"].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${labels.map(
  ({ label, precision, recall, f1, support }) =>
    html`<tr><th scope="row">${label}</th><td>${precision.toFixed(3)}</td><td>${recall.toFixed(3)}</td><td>${f1.toFixed(3)}</td><td>${support}</td></tr>
`,
)}</tbody></table>
${
  confusion && labels.length <= MOST_LABELS
    ? matrixTable(
        "Truth and answers",
        labels.map(({ label }) => label),
        confusion,
      )
    : ""
}
<h2>Confidence</h2>
<p class="quiet">Answers of a confidence of 80 % should be right in 80 % of the cases: on the gray line.</p>
${linePlot("Before the temperature", reliability(calibration.before.bins), SHARES)}
${linePlot("Divided by the temperature", reliability(calibration.after.bins), SHARES)}
${curves.length > 0 ? curveSection(curves) : ""}
${history.length > 0 ? historySection(history) : ""}
${worst.length > 0 ? worstSection(worst, thumbnails) : ""}
${omitted.length > 0 ? omittedSection(omitted) : ""}`,
  );
}

const SHARES = { x: "confidence", y: "share that is right", xRange: [0, 1], yRange: [0, 1] } as const;

function reliability(bins: readonly CalibrationBin[]) {
  const filled = bins.filter(({ count }) => count > 0);
  return [
    { name: "answers", points: filled.map(({ confidence, accuracy }) => [confidence, accuracy] as const) },
    { name: "ideal", points: [[0, 0] as const, [1, 1] as const], kind: "aside" as const },
  ];
}

function curveSection(curves: readonly LabelCurve[]): Html {
  const shown = [...curves].sort((a, b) => a.averagePrecision - b.averagePrecision).slice(0, MOST_CURVES);
  const lines = shown.map(({ label, points, averagePrecision }) => ({
    name: `${label} (${averagePrecision.toFixed(3)})`,
    points: thinned(points).map(({ recall, precision }) => [recall, precision] as const),
  }));
  const range = { xRange: [0, 1], yRange: [0, 1] } as const;
  return html`<h2>Precision and recall</h2>
<p class="quiet">${curves.length > shown.length ? `The ${shown.length} labels with the least average precision, which is in parentheses.` : "In parentheses the average precision."}</p>
${linePlot("Over all thresholds", lines, { x: "recall", y: "precision", ...range })}
<table><thead><tr>${["label", "threshold", "precision", "recall", "F1"].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${curves.flatMap(({ label, chosen }) =>
  chosen
    ? [
        html`<tr><th scope="row">${label}</th><td>${chosen.threshold.toFixed(3)}</td><td>${chosen.precision.toFixed(3)}</td><td>${chosen.recall.toFixed(3)}</td><td>${chosen.f1.toFixed(3)}</td></tr>
`,
      ]
    : [],
)}</tbody></table>`;
}

function historySection(history: readonly EpochReport[]): Html {
  const line = (name: string, pick: (report: EpochReport) => number | undefined) => ({
    name,
    points: history.flatMap((report) => {
      const value = pick(report);
      return value === undefined ? [] : [[report.epoch, value] as const];
    }),
  });
  const lines = (own: ReturnType<typeof line>[]) => own.filter(({ points }) => points.length > 0);
  return html`<h2>Training</h2>
${linePlot("Loss", lines([line("training", ({ loss }) => loss), line("validation", ({ validationLoss }) => validationLoss)]), { x: "epoch", y: "loss" })}
${linePlot("Accuracy", lines([line("training", ({ accuracy }) => accuracy), line("validation", ({ validationAccuracy }) => validationAccuracy)]), { x: "epoch", y: "accuracy", yRange: [0, 1] })}`;
}

function worstSection(worst: readonly Mistake[], thumbnails: ReadonlyMap<string, Thumbnail>): Html {
  return html`<h2>Worst answers</h2>
${worst.map(({ name, labels, answers, loss }) => {
  const picture = thumbnails.get(name);
  const shown = picture
    ? [html`<img src="${picture.url}" width="${picture.width}" height="${picture.height}" alt="${name}"><br>`]
    : [];
  return html`<figure style="width:${WORST}px;overflow-wrap:anywhere">${shown}${labels.join(", ") || "nothing"}, answered ${answers.join(", ") || "nothing"}<br><span class="quiet">${name}, loss ${loss.toFixed(2)}</span></figure>
`;
})}`;
}

function omittedSection(omitted: readonly Omission[]): Html {
  return html`<h2>Left out</h2><ul>${omitted.map(({ name, message }) => html`<li>${name}: ${message}</li>`)}</ul>`;
}

function thinned<Point>(points: readonly Point[]): Point[] {
  const every = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
