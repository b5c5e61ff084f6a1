import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useEngine } from "../../backend/engine.js";
import { readSafetensors } from "../../io/read-safetensors.js";
import { toFloat32 } from "../../io/to-float32.js";
import { exclusive } from "../exclusive.js";
import { calibrationOf, confidencesOf, fitTemperature } from "./calibration.js";
import { answerOf } from "./dense-layer.js";
import { evaluate, truthOf } from "./evaluation.js";
import type { NamedExample, Problem } from "./example.js";
import { fitLayers } from "./fit-layers.js";
import { checkFitOptions } from "./fit-options.js";
import { lossOf } from "./loss.js";
import { bestPoint, precisionRecallCurve } from "./precision-recall.js";
import { targetsOf } from "./targets.js";

const GOLDENS = join(import.meta.dirname, "../../../conformance/goldens");
const golden = JSON.parse(readFileSync(join(GOLDENS, "training.json"), "utf8"));
/** Both sides compute in double; the order of their sums differs. */
const EXACT = 1e-9;

const close = (found: number, wanted: number, bound = EXACT) =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(bound);
const closeAll = (found: readonly number[], wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, value] of found.entries()) close(value, wanted[i]!);
};
const examplesOf = (rows: string[][]): NamedExample[] => rows.map((labels, i) => ({ name: `${i}`, image: "", labels }));
const names = (classes: number) => Array.from({ length: classes }, (_, i) => `label ${i}`);

describe.each([
  ["single-label", "singleLabel", 4],
  ["multi-label", "multiLabel", 3],
] as const)("metrics of %s answers", (problem: Problem, key, classes) => {
  const wanted = golden[key];
  const logits = Float32Array.from(wanted.logits);
  const labels = names(classes);
  const rows =
    problem === "single-label"
      ? (wanted.truth as number[]).map((label) => [labels[label]!])
      : Array.from({ length: wanted.truth.length / classes }, (_, i) =>
          labels.filter((_, label) => wanted.truth[i * classes + label] === 1),
        );
  const examples = examplesOf(rows);
  const found = evaluate(logits, examples, labels, problem, { temperature: wanted.temperature });

  it("are scikit-learn's within 1e-9: accuracy, precision, recall, F1, support, confusion", () => {
    close(found.accuracy, wanted.accuracy);
    for (const score of ["precision", "recall", "f1", "support"] as const)
      closeAll(
        found.labels.map((label) => label[score]),
        wanted.scores[score],
      );
    close(found.macroF1, wanted.scores.f1.reduce((sum: number, value: number) => sum + value, 0) / classes);
    expect(found.confusion).toEqual(wanted.confusion);
  });

  it("have the loss of NumPy and, smoothed or weighted, of PyTorch, within 1e-9", () => {
    close(found.loss, wanted.loss);
    const { weights, smoothing, loss } = wanted.smoothedLoss ?? wanted.weightedLoss;
    const classWeights = Object.fromEntries(labels.map((label, i) => [label, weights[i]]));
    // Smoothed shares are float32.
    close(
      lossOf(logits, targetsOf(examples, labels, problem, { classWeights, labelSmoothing: smoothing })),
      loss,
      1e-6,
    );
  });

  it("are calibrated by SciPy's temperature within 1e-6, with NumPy's ECE within 1e-9 before and after", () => {
    close(fitTemperature(logits, targetsOf(examples, labels, problem)), wanted.temperature, 1e-6);
    for (const [when, temperature] of [
      ["before", 1],
      ["after", wanted.temperature],
    ] as const) {
      const { confidences, right } = confidencesOf(logits, truthOf(examples, labels), classes, problem, temperature);
      close(calibrationOf(confidences, right).ece, wanted.ece[when]);
      close(found.calibration[when].ece, wanted.ece[when]);
    }
  });

  it.runIf(problem === "single-label")("weigh classes as scikit-learn's balance does", () => {
    const { weights } = targetsOf(examples, labels, problem, { classWeights: "balanced" });
    for (const [label, weight] of Object.entries(wanted.balanced))
      close(weights[Number(label)]!, weight as number, 1e-6);
  });

  it.runIf(problem === "multi-label")(
    "have scikit-learn's precision-recall curves, average precision and best threshold",
    () => {
      for (const [label, curve] of wanted.curves.entries()) {
        const scores = Float64Array.from(rows, (_, i) => 1 / (1 + Math.exp(-logits[i * classes + label]!)));
        const truth = Uint8Array.from(rows, (own) => Number(own.includes(labels[label]!)));
        const own = precisionRecallCurve(scores, truth);
        close(own.averagePrecision, curve.averagePrecision);
        closeAll(
          own.points.map(({ threshold }) => threshold),
          curve.thresholds,
        );
        closeAll(
          own.points.map(({ precision }) => precision),
          curve.precision,
        );
        closeAll(
          own.points.map(({ recall }) => recall),
          curve.recall,
        );
        close(bestPoint(own).threshold, curve.best.threshold);
        close(bestPoint(own).f1, curve.best.f1);
      }
    },
  );
});

describe("heads on PyTorch's features of scikit-learn's digits", () => {
  const { tensors } = readSafetensors(readFileSync(join(GOLDENS, "digits-features.safetensors")));
  const all = toFloat32(tensors.get("features")!.bytes, "F16");
  const digits = new Int32Array(tensors.get("labels")!.bytes.slice().buffer);
  const labels = names(10);
  const features = Array.from(digits, (_, i) => all.slice(i * 384, (i + 1) * 384));
  const rows = Array.from(digits, (digit) => [labels[digit]!]);
  const { trained, accuracy, exactLogits } = golden.digits;
  beforeAll(() => useEngine());

  const fitDigits = (options = {}) =>
    fitLayers(
      {
        training: features.slice(0, trained),
        validation: [],
        targets: {
          training: targetsOf(examplesOf(rows.slice(0, trained)), labels, "single-label"),
          validation: undefined,
        },
      },
      checkFitOptions(options),
      { inTurn: (work) => exclusive(work), onEpoch: () => {} },
    );
  const accuracyOf = (layers: Awaited<ReturnType<typeof fitDigits>>["layers"]) => {
    const logits = new Float32Array((digits.length - trained) * 10);
    for (const [i, feature] of features.slice(trained).entries()) logits.set(answerOf(layers, feature), i * 10);
    return evaluate(logits, examplesOf(rows.slice(trained)), labels, "single-label", { temperature: 1 }).accuracy;
  };

  it("reach the accuracy of scikit-learn's logistic regression within 0.5 points", async () => {
    const { layers } = await fitDigits();
    expect(accuracyOf(layers)).toBeGreaterThanOrEqual(accuracy - 0.005);
  });

  it("by adamw, with a hidden layer or without, too, within 2 points", async () => {
    expect(accuracyOf((await fitDigits({ solver: "adamw", epochs: 30 })).layers)).toBeGreaterThanOrEqual(
      accuracy - 0.02,
    );
    expect(accuracyOf((await fitDigits({ hidden: 64, epochs: 30 })).layers)).toBeGreaterThanOrEqual(accuracy - 0.02);
  });

  it("have the logits of scikit-learn's optimum, but for a constant, within 2 % of their spread", async () => {
    const { layers } = await fitDigits();
    let [difference, length] = [0, 0];
    for (let row = 0; row < 50; row++) {
      const found = answerOf(layers, features[trained + row]!);
      const wanted: number[] = exactLogits.slice(row * 10, (row + 1) * 10);
      const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / 10;
      for (let label = 0; label < 10; label++) {
        difference += (found[label]! - mean(found) - (wanted[label]! - mean(wanted))) ** 2;
        length += (wanted[label]! - mean(wanted)) ** 2;
      }
    }
    expect(Math.sqrt(difference / length)).toBeLessThan(0.02);
  });
});
