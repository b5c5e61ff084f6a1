import { scoresOf } from "../classification.js";
import { cosineSimilarity } from "../embedding.js";
import { indexOfLargest } from "../training/index-of-largest.js";

/** What a model makes of a picture. */
export interface Answer {
  /** Not brought to length 1. `[width]` */
  embedding: Float32Array;
  /** `[labels]`; none for an encoder. */
  logits?: Float32Array;
}

/** How near a model's answers are to those of the model that it was made from. */
export interface Closeness {
  /** Of the best label; for an encoder of the nearest other picture, where that is nearer than the second by more than `CLEAR`. */
  agreement: { of: "labels" | "neighbors"; share: number; pictures: number };
  /** Of each embedding with its own before. */
  cosine: { mean: number; least: number };
  /** `|found - wanted| / |wanted|` of embeddings. */
  error: { mean: number; most: number };
  /** Kullback-Leibler divergence of the labels' probabilities from those before, in nats; of independent labels the mean of each one's. */
  divergence?: { mean: number; most: number };
}

/** By how much the nearest picture's cosine has to exceed the second's, so that the order is not left to chance. */
const CLEAR = 0.02;

/** Compares answers picture by picture; both lists have at least one. */
export function closenessOf(
  wanted: readonly Answer[],
  found: readonly Answer[],
  activation: "softmax" | "sigmoid",
): Closeness {
  const cosines = wanted.map((answer, i) => cosineSimilarity(answer.embedding, found[i]!.embedding));
  const errors = wanted.map((answer, i) => relativeError(found[i]!.embedding, answer.embedding));
  const divergences = wanted.flatMap(({ logits }, i) =>
    logits ? [divergenceOf(logits, found[i]!.logits!, activation)] : [],
  );
  return {
    agreement: wanted[0]!.logits ? sameLabels(wanted, found) : sameNeighbors(wanted, found),
    cosine: { mean: mean(cosines), least: Math.min(...cosines) },
    error: { mean: mean(errors), most: Math.max(...errors) },
    ...(divergences.length > 0 && { divergence: { mean: mean(divergences), most: Math.max(...divergences) } }),
  };
}

/** `|found - wanted| / |wanted|`; 0 where both are zero. Each of the same length */
export function relativeError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let error = 0;
  let size = 0;
  for (let i = 0; i < wanted.length; i++) {
    error += (found[i]! - wanted[i]!) ** 2;
    size += wanted[i]! ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / size);
}

/** Of the probabilities after from those before, in nats. Logits, `[labels]` each */
export function divergenceOf(before: Float32Array, after: Float32Array, activation: "softmax" | "sigmoid"): number {
  const [p, q] = [scoresOf(before, activation), scoresOf(after, activation)];
  const term = (a: number, b: number) => (a > 0 ? a * (Math.log(a) - Math.log(Math.max(b, Number.MIN_VALUE))) : 0);
  if (activation === "softmax") return p.reduce((sum, a, i) => sum + term(a, q[i]!), 0);
  return p.reduce((sum, a, i) => sum + term(a, q[i]!) + term(1 - a, 1 - q[i]!), 0) / p.length;
}

function sameLabels(wanted: readonly Answer[], found: readonly Answer[]): Closeness["agreement"] {
  const same = wanted.filter(({ logits }, i) => indexOfLargest(logits!) === indexOfLargest(found[i]!.logits!));
  return { of: "labels", share: same.length / wanted.length, pictures: wanted.length };
}

function sameNeighbors(wanted: readonly Answer[], found: readonly Answer[]): Closeness["agreement"] {
  let clear = 0;
  let same = 0;
  for (const i of wanted.keys()) {
    const before = nearest(wanted, i);
    if (before.margin <= CLEAR) continue;
    clear++;
    if (nearest(found, i).index === before.index) same++;
  }
  return { of: "neighbors", share: clear === 0 ? 1 : same / clear, pictures: clear };
}

/** The picture whose embedding has the largest cosine with one's, and by how much that exceeds the second's. */
export function nearest(answers: readonly Answer[], of: number): { index: number; cosine: number; margin: number } {
  let [index, best, second] = [-1, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, { embedding }] of answers.entries()) {
    if (i === of) continue;
    const cosine = cosineSimilarity(answers[of]!.embedding, embedding);
    if (cosine > best) [index, best, second] = [i, cosine, best];
    else if (cosine > second) second = cosine;
  }
  return { index, cosine: best, margin: Number.isFinite(second) ? best - second : 0 };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
