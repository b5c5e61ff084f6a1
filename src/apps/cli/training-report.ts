import { trainingReport } from "../../tasks/reports/training-report.js";
import type { Evaluation } from "../../tasks/training/evaluation.js";
import type { EpochReport } from "../../tasks/training/train.js";
import { writePage } from "./embed-pictures.js";
import type { Terminal } from "./terminal.js";

/** Writes the page about an evaluation, with its worst pictures. */
export async function writeTrainingReport(
  file: string,
  evaluation: Evaluation,
  terminal: Terminal,
  history?: readonly EpochReport[],
): Promise<void> {
  const pictures = evaluation.worst.map(({ name, image }) => ({ name, input: image }));
  const shown = pictures.map(({ name }) => name);
  const page = (thumbnails: Parameters<Parameters<typeof writePage>[3]>[0]) =>
    trainingReport(evaluation, { thumbnails, ...(history && { history }) });
  await writePage(file, shown, pictures, page, terminal);
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
