/** Precision and recall where everything from a score on is said to be there. */
export interface PrecisionRecallPoint {
  threshold: number;
  precision: number;
  recall: number;
}

export interface PrecisionRecallCurve {
  /** By rising threshold, one for each score that occurs. */
  points: PrecisionRecallPoint[];
  /** The area under the steps of the curve: scikit-learn's `average_precision_score`. */
  averagePrecision: number;
}

/**
 * The curve over all thresholds, as scikit-learn's `precision_recall_curve` without its last point, which has no threshold.
 *
 * @param truth 1 where it is there, for each of the scores
 */
export function precisionRecallCurve(scores: ArrayLike<number>, truth: Uint8Array): PrecisionRecallCurve {
  const order = Array.from(truth, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const positives = truth.reduce((sum, one) => sum + one, 0);
  const points: PrecisionRecallPoint[] = [];
  let [found, averagePrecision, recallBefore] = [0, 0, 0];
  for (const [rank, i] of order.entries()) {
    found += truth[i]!;
    const isLastOfEquals = rank + 1 === order.length || scores[order[rank + 1]!]! !== scores[i]!;
    if (!isLastOfEquals) continue;
    const point = {
      threshold: scores[i]!,
      precision: found / (rank + 1),
      recall: positives === 0 ? 1 : found / positives,
    };
    points.push(point);
    averagePrecision += (point.recall - recallBefore) * point.precision;
    recallBefore = point.recall;
  }
  return { points: points.reverse(), averagePrecision: positives === 0 ? 0 : averagePrecision };
}

/** The point of the curve with the best harmonic mean of precision and recall; of equals, the highest threshold. */
export function bestPoint({ points }: PrecisionRecallCurve): PrecisionRecallPoint & { f1: number } {
  const f1Of = ({ precision, recall }: PrecisionRecallPoint) =>
    precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return points
    .map((point) => ({ ...point, f1: f1Of(point) }))
    .reduce((best, point) => (point.f1 >= best.f1 ? point : best));
}
