import { writeFile } from "node:fs/promises";
import { readImage } from "../../tasks/image-input.js";
import { type Thumbnail, thumbnail } from "../../tasks/reports/thumbnail.js";
import { trainingReport } from "../../tasks/reports/training-report.js";
import type { Evaluation } from "../../tasks/training/evaluation.js";
import type { EpochReport } from "../../tasks/training/train.js";
import type { Terminal } from "./terminal.js";

/** Pixels of the worst pictures. */
const THUMBNAIL = 160;

/** Writes the page about an evaluation, with its worst pictures. */
export async function writeTrainingReport(
  file: string,
  evaluation: Evaluation,
  terminal: Terminal,
  history?: readonly EpochReport[],
): Promise<void> {
  const thumbnails = new Map<string, Thumbnail>();
  for (const { name, image } of evaluation.worst) thumbnails.set(name, thumbnail(await readImage(image), THUMBNAIL));
  await writeFile(file, trainingReport(evaluation, { thumbnails, ...(history && { history }) }));
  terminal.note(`wrote ${file}`);
}

/** An evaluation for people, in a few lines. */
export function evaluationLines({
  examples,
  accuracy,
  macroF1,
  temperature,
  calibration,
  labels,
}: Evaluation): string[] {
  const share = (value: number) => `${(value * 100).toFixed(1)} %`;
  return [
    `${examples} pictures: accuracy ${share(accuracy)}, macro F1 ${macroF1.toFixed(3)}`,
    `calibration error ${share(calibration.before.ece)}, with temperature ${temperature.toFixed(3)} ${share(calibration.after.ece)}`,
    ...labels.map(
      ({ label, precision, recall, support }) =>
        `  ${label}: precision ${share(precision)}, recall ${share(recall)}, ${support} pictures`,
    ),
  ];
}

/** An evaluation as a JSON document, without the pictures themselves. */
export function evaluationDocument({ worst, curves, ...evaluation }: Evaluation): object {
  return {
    ...evaluation,
    curves: curves.map(({ label, averagePrecision, chosen }) => ({ label, averagePrecision, chosen })),
    worst: worst.map(({ image: _, ...mistake }) => mistake),
  };
}
