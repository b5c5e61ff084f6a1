import type { Image } from "../src/images/image.js";
import type { LoadModelOptions, loadModel, OutputName, RunOptions, VisionModel } from "../src/index.js";
import { type Comparison, compareTensor, inOrderOfComputation } from "../src/tasks/compare.js";
import type { ConformanceCase } from "./cases.js";
import { type Example, examplesOf, folderOf } from "./examples.js";
import { readGolden } from "./golden.js";

/** Values are flat, a batch axis first. */
type Outputs = Record<string, { data: Float32Array }>;

/** Vectors that are asked for as `embedding` with this `pool`. */
const POOLS = ["class", "mean", "pooler"] as const;

export interface CaseOptions {
  /** How many of the case's examples to run, from the first on; all of them unless said. */
  examples?: number;
  /** The folder to load instead of the case's own. */
  folder?: string;
  engine?: LoadModelOptions["engine"];
  /** Changes each picture before it goes in. */
  picture?: (image: Image) => Image;
}

/**
 * Runs a case through the public API.
 *
 * @param load `loadModel` of the sources or of the built package
 * @returns each output's worst comparison over the examples, in the order of the forward pass
 */
export async function runCase(
  load: typeof loadModel,
  test: ConformanceCase,
  { examples: count, folder, engine = "auto", picture = (image) => image }: CaseOptions = {},
): Promise<Comparison[]> {
  const golden = readGolden(test.golden);
  const interpolate = test.kind === "tiny" ? (test.size ?? false) : false;
  const model = await load(folder ?? (await folderOf(test)), { interpolate, engine });
  const worst = new Map<string, Comparison>();
  try {
    for (const example of examplesOf(test, golden).slice(0, count)) {
      const names = inOrderOfComputation(example.wanted[0]!.keys());
      const outputs = await outputsFor(model, changed(example.input, picture), names);
      for (const [index, wanted] of example.wanted.entries())
        for (const name of names) {
          const found = itemFrom(outputs[name]!.data, index, example.wanted.length);
          const sampled = at(found, example.positions(name, found.length));
          const comparison = compareTensor(name, sampled, wanted.get(name)!, golden.own[name]!);
          worst.set(name, worse(worst.get(name), comparison));
        }
    }
  } finally {
    await model.dispose();
  }
  return inOrderOfComputation(worst.keys()).map((name) => worst.get(name)!);
}

/** `class`, `mean` and `pooler` are embeddings, one of which is asked for at a time; the rest comes out of one pass. */
async function outputsFor(model: VisionModel, input: Example["input"], names: string[]): Promise<Outputs> {
  const run = (options: RunOptions): Promise<Outputs> =>
    "picture" in input
      ? model.run(input.picture, { normalize: false, ...options })
      : model.runTensor(input.values, input.shape, options);
  const pools = POOLS.filter((pool) => names.includes(pool));
  const outputs = await run({ outputs: names.filter((name) => !POOLS.includes(name as never)) as OutputName[] });
  for (const pool of pools) outputs[pool] = (await run({ outputs: ["embedding"], pool })).embedding!;
  return outputs;
}

function changed(input: Example["input"], change: (image: Image) => Image): Example["input"] {
  return "picture" in input && typeof input.picture === "object" ? { picture: change(input.picture) } : input;
}

function itemFrom(data: Float32Array, index: number, batch: number): Float32Array {
  const size = data.length / batch;
  return data.subarray(index * size, (index + 1) * size);
}

function at(data: Float32Array, positions: Uint32Array | undefined): Float32Array {
  return positions ? Float32Array.from(positions, (position) => data[position]!) : data;
}

/** The larger of both errors; NaN is larger than any. */
function worse(a: Comparison | undefined, b: Comparison): Comparison {
  if (a === undefined) return b;
  const ratio = {
    relativeL2: Math.max(a.ratio.relativeL2, b.ratio.relativeL2),
    maxAbs: Math.max(a.ratio.maxAbs, b.ratio.maxAbs),
  };
  return {
    tensor: a.tensor,
    relativeL2: Math.max(a.relativeL2, b.relativeL2),
    maxAbs: Math.max(a.maxAbs, b.maxAbs),
    ratio,
    passes: a.passes && b.passes,
  };
}
