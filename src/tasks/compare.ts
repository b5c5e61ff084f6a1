/** How far a tensor is from its reference. */
export interface TensorError {
  /** `|found - wanted| / |wanted|`, both as one long vector. */
  relativeL2: number;
  /** The largest difference of one element. */
  maxAbs: number;
}

/** One output beside its reference and beside PyTorch float32's own error. */
export interface Comparison extends TensorError {
  tensor: string;
  /** Our error divided by PyTorch's own. */
  ratio: TensorError;
  passes: boolean;
}

/**
 * How many times PyTorch float32's own error ours may be, at every tensor. Where these come from: `docs/numerics.md`. The largest difference
 * has the looser bar, since the extreme of many errors spreads more than their sum.
 */
export const BAR: Readonly<TensorError> = { relativeL2: 1.5, maxAbs: 3 };

/** NaN anywhere gives NaN, which passes no bar. */
export function tensorError(found: ArrayLike<number>, wanted: ArrayLike<number>): TensorError {
  if (found.length !== wanted.length) return { relativeL2: Number.NaN, maxAbs: Number.NaN };
  let errors = 0;
  let scale = 0;
  let maxAbs = 0;
  for (let index = 0; index < wanted.length; index++) {
    const error = Math.abs(found[index]! - wanted[index]!);
    errors += error * error;
    scale += wanted[index]! ** 2;
    maxAbs = Math.max(maxAbs, error);
  }
  return { relativeL2: Math.sqrt(errors / scale), maxAbs };
}

/** @param own PyTorch float32's error at the same tensor */
export function compareTensor(
  tensor: string,
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  own: TensorError,
): Comparison {
  const error = tensorError(found, wanted);
  const ratio = { relativeL2: error.relativeL2 / own.relativeL2, maxAbs: error.maxAbs / own.maxAbs };
  return { tensor, ...error, ratio, passes: ratio.relativeL2 <= BAR.relativeL2 && ratio.maxAbs <= BAR.maxAbs };
}

/** Names of outputs in the order in which a forward pass makes them, so that the first that diverges is where to look. */
export function inOrderOfComputation(names: Iterable<string>): string[] {
  const last = ["tokens", "class", "mean", "pooler", "embedding", "logits"];
  const rank = (name: string) => {
    const [kind, index] = name.split(".");
    if (kind === "hidden") return 2 * Number(index);
    if (kind === "attention") return 2 * Number(index) + 1;
    return 1e6 + last.indexOf(name);
  };
  return [...names].sort((a, b) => rank(a) - rank(b));
}

/** The first tensor that misses the bar, in words; `undefined` if all are within it. */
export function firstDivergence(comparisons: readonly Comparison[]): string | undefined {
  const first = comparisons.find(({ passes }) => !passes);
  if (first === undefined) return undefined;
  const { tensor, relativeL2, maxAbs, ratio } = first;
  return (
    `"${tensor}" is the first of ${comparisons.length} tensors to diverge: relative L2 error ${relativeL2.toExponential(2)}, ` +
    `${ratio.relativeL2.toFixed(2)} times PyTorch's own (at most ${BAR.relativeL2}); largest difference ${maxAbs.toExponential(2)}, ` +
    `${ratio.maxAbs.toFixed(2)} times (at most ${BAR.maxAbs}).`
  );
}
