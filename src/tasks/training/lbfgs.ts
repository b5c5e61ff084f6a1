/** A function's value and gradient at a point. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

export interface LbfgsOptions {
  /** The search ends where no part of the gradient is larger than this. */
  tolerance: number;
  iterations: number;
  /** Called after each step. */
  onStep?: (iteration: number, value: number, point: Float64Array) => void;
}

/** Steps that are remembered to know the curvature, as in SciPy. */
const MEMORY = 10;
/** Wolfe's conditions: how much of the promised decrease is wanted, and how much of the slope may be left (Nocedal and Wright, ch. 3). */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
const MOST_TRIES = 30;

/**
 * Minimizes a smooth function by limited-memory BFGS (Nocedal and Wright, algorithm 7.4) with a line search by bisection that keeps Wolfe's weak conditions.
 * Nothing is random and all sums are in a fixed order.
 *
 * @returns the best point found
 */
export async function lbfgs(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  { tolerance, iterations, onStep }: LbfgsOptions,
): Promise<{ point: Float64Array; value: number; iterations: number }> {
  let point = start;
  let { value, gradient } = await evaluate(point);
  const memory: { step: Float64Array; change: Float64Array; rho: number }[] = [];
  let iteration = 0;
  while (iteration < iterations && largest(gradient) > tolerance) {
    const direction = descent(gradient, memory);
    // Before anything is known about the curvature, a step of length 1 at most.
    const first = memory.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = await searchLine(evaluate, point, value, gradient, direction, first);
    if (!next) break; // rounding hides any further decrease
    iteration++;
    const step = difference(next.point, point);
    const change = difference(next.gradient, gradient);
    const product = dot(step, change);
    if (product > 1e-10 * dot(change, change)) {
      memory.push({ step, change, rho: 1 / product });
      if (memory.length > MEMORY) memory.shift();
    }
    ({ point, value, gradient } = next);
    onStep?.(iteration, value, point);
  }
  return { point, value, iterations: iteration };
}

/** The gradient times minus the inverse of the curvature as far as it is known: the two loops. */
function descent(
  gradient: Float64Array,
  memory: readonly { step: Float64Array; change: Float64Array; rho: number }[],
): Float64Array {
  const direction = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (const { step, change, rho } of [...memory].reverse()) {
    const alpha = rho * dot(step, direction);
    alphas.push(alpha);
    addTo(direction, change, -alpha);
  }
  const last = memory.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (const { step, change, rho } of memory) addTo(direction, step, alphas.pop()! - rho * dot(change, direction));
  return direction;
}

async function searchLine(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  point: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  first: number,
): Promise<(Evaluation & { point: Float64Array }) | undefined> {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return undefined;
  let [low, high, length] = [0, Number.POSITIVE_INFINITY, first];
  let lowest: (Evaluation & { point: Float64Array }) | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const there = point.slice();
    addTo(there, direction, length);
    const found = { ...(await evaluate(there)), point: there };
    if (!(found.value <= value + DECREASE * length * slope)) high = length;
    else {
      lowest = found;
      if (dot(found.gradient, direction) >= CURVATURE * slope) return found;
      low = length;
    }
    length = high === Number.POSITIVE_INFINITY ? 2 * length : (low + high) / 2;
  }
  return lowest && lowest.value < value ? lowest : undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addTo(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * other[i]!;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
