/** How one label fared. */
export interface LabelScores {
  /** Of those said to be it, the share that is; 0 where none was. */
  precision: number;
  /** Of those that are it, the share that was found; 0 where there is none. */
  recall: number;
  /** Harmonic mean of both. */
  f1: number;
  /** Examples that are it. */
  support: number;
}

/** Counts by truth (rows) and answer (columns). `[classes][classes]` */
export function confusionMatrix(truth: ArrayLike<number>, answers: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]!]![answers[i]!]!++;
  return counts;
}

/**
 * Scores of each label, as scikit-learn's `precision_recall_fscore_support` with `zero_division=0`.
 *
 * @param truth 1 where a label is there, `[examples, classes]`; `answers` alike
 */
export function labelScores(truth: Uint8Array, answers: Uint8Array, classes: number): LabelScores[] {
  return Array.from({ length: classes }, (_, label) => {
    let [both, said, there] = [0, 0, 0];
    for (let i = label; i < truth.length; i += classes) {
      both += truth[i]! & answers[i]!;
      said += answers[i]!;
      there += truth[i]!;
    }
    const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    return {
      precision: ratio(both, said),
      recall: ratio(both, there),
      f1: ratio(2 * both, said + there),
      support: there,
    };
  });
}

/** The plain mean over the labels. */
export function macroF1(scores: readonly LabelScores[]): number {
  return scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length;
}
