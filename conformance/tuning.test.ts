import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tensor, tidy, type Variable } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../src/io/read-safetensors.js";
import { toFloat32 } from "../src/io/to-float32.js";
import { translateNames } from "../src/models/checkpoint-names.js";
import type { VisionTransformer } from "../src/models/vision-transformer.js";
import { tensorError } from "../src/tasks/compare.js";
import { loadModel } from "../src/tasks/load-model.js";
import { DenseVariables } from "../src/tasks/training/dense-variables.js";
import { type Targets, totalWeight } from "../src/tasks/training/targets.js";
import { differentiate, train } from "../src/tasks/training/train.js";
import type { TrainedParameter } from "../src/tasks/training/trained-part.js";
import { BlockFeatures } from "../src/tasks/training/tuning/block-features.js";
import { learningRateShare } from "../src/tasks/training/tuning/learning-rate.js";
import { LowRankAdapters } from "../src/tasks/training/tuning/low-rank-adapters.js";
import { TokenStore } from "../src/tasks/training/tuning/token-store.js";
import { blockParameters, TrainedBlocks } from "../src/tasks/training/tuning/trained-blocks.js";
import type { VisionModel } from "../src/tasks/vision-model.js";
import { ENGINES } from "./engines.js";
import { type Golden, readGolden } from "./golden.js";

/** Beside PyTorch float32's own error; see docs/numerics.md. */
const TIMES_ALL = 2;
const TIMES_EACH = 3;
const TIMES_TRAINED = 2;
const LOSS = 2e-6;

interface Facts {
  labels: number[];
  steps: number;
  warmup: number;
  clip: number;
  rates: { backbone: number; head: number };
  optimizer: { betas: [number, number]; eps: number; weight_decay: number };
  lora: { rank: number; alpha: number };
}
interface Own {
  gradients: number;
  trained: number;
  gradient: Record<string, number>;
}

const CASES = ENGINES.flatMap((engine) =>
  ["vit", "eva-base"].flatMap((name) => (["unfreeze", "lora"] as const).map((kind) => [name, kind, engine] as const)),
);

describe.each(CASES)("%s trained in part, by %s, on %s", (name, kind, engine) => {
  const golden = readGolden(`${name}.${kind}`);
  const facts = golden.facts as unknown as Facts;
  const own = golden.own as unknown as Own;
  const wanted = (key: string) => golden.tensors.get(key)!.values;
  let base: VisionModel;
  let model: VisionModel;
  let part: TrainedBlocks;
  let head: DenseVariables;
  /** Names in the golden, in the order of the part's parameters. */
  let names: string[];
  let targets: Targets;

  beforeAll(async () => {
    const folder = join(import.meta.dirname, "models", name);
    base = await loadModel(folder, { engine });
    const copy = await base.copy();
    model = copy.model;
    const { architecture, unusedWeights } = base.config;
    const { tensors } = readSafetensors(readFileSync(join(folder, "model.safetensors")));
    const stored = translateNames(tensors, { gated: architecture.mlp.kind !== "plain", unused: unusedWeights }).weights;
    const read = (our: string) => toFloat32(tensors.get(stored.get(our)!.name)!.bytes, "F32");

    const input = readGolden(name).tensors.get("input")!;
    const first = kind === "lora" ? 0 : architecture.depth - 1;
    const layer = `hidden.${first}` as const;
    const hidden = (
      await base.runTensor(input.values as Float32Array, input.shape as [number, number, number, number], {
        outputs: [layer],
      })
    )[layer]!;
    const size = hidden.data.length / facts.labels.length;
    const store = await TokenStore.open(undefined, "", size);
    const kept = facts.labels.map((_, i) => store.add(String(i), hidden.data.slice(i * size, (i + 1) * size)));
    const features = new BlockFeatures(copy.transformer, { first, pool: architecture.pool }, store, kept);
    head = await model.onEngine(
      async () => new DenseVariables([{ weight: read("head.weight"), bias: read("head.bias") }]),
    );
    const backbone = await model.onEngine(() =>
      kind === "lora"
        ? adapters(copy.transformer, architecture.depth)
        : blockParameters(copy.transformer, { first, backboneLearningRate: facts.rates.backbone }),
    );
    // Two at once, so that a step adds up the gradients of two passes.
    part = new TrainedBlocks(features, head, backbone, 2);
    names = [
      ...backbone.map((one) => (kind === "lora" ? one.name : stored.get(one.name)!.name)),
      ...["head.weight", "head.bias"].map((one) => stored.get(one)!.name),
    ];
    const classes = architecture.classes;
    const shares = new Float32Array(facts.labels.length * classes);
    for (const [row, label] of facts.labels.entries()) shares[row * classes + label] = 1;
    targets = { problem: "single-label", classes, wanted: shares, weights: new Float32Array(classes).fill(1) };
  });
  afterAll(async () => {
    await model.dispose();
    await base.dispose();
  });

  /** Adapters that begin as the golden's. */
  function adapters(transformer: VisionTransformer, depth: number): readonly TrainedParameter[] {
    const { rank, alpha } = facts.lora;
    const settings = {
      first: 0,
      backboneLearningRate: facts.rates.backbone,
      lora: { rank, alpha, targets: ["query", "value"] as const },
    };
    const { parameters } = new LowRankAdapters(transformer, depth, settings, 0);
    for (const { name: key, variable } of parameters) {
      const initial = golden.tensors.get(`initial/${key}`)!;
      const values = turned(Float32Array.from(initial.values), initial.shape);
      tidy(() => void (variable as Variable).assign(tensor(values, variable.shape as number[])));
    }
    return parameters;
  }

  /** PyTorch's layout of matrices → TF.js's, and back: axes swapped. */
  function turned(values: Float32Array, shape: readonly number[]): Float32Array {
    if (shape.length < 2) return values;
    const [rows, columns] = shape as [number, number];
    return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
  }

  const asStored = (found: readonly Float32Array[]) =>
    new Map(found.map((values, i) => [names[i]!, turned(values, part.parameters[i]!.variable.shape)]));

  function together(found: ReadonlyMap<string, Float32Array>, prefix: string): number {
    const keys = [...found.keys()].filter((key) => golden.tensors.has(`${prefix}/${key}`));
    const join = (of: (key: string) => ArrayLike<number>) => keys.flatMap((key) => Array.from(of(key)));
    return tensorError(
      join((key) => found.get(key)!),
      join((key) => wanted(`${prefix}/${key}`)),
    ).relativeL2;
  }

  it(`has gradients within ${TIMES_ALL} times PyTorch float32's own error together, ${TIMES_EACH} times each`, async () => {
    const rows = Int32Array.from(facts.labels.keys());
    const { gradients } = await model.onEngine(() => differentiate(part, targets, rows, totalWeight(targets)));
    const found = asStored(gradients);
    expect(names.map((key) => `gradient/${key}`).sort()).toEqual(keysOf(golden, "gradient/"));
    const length = Math.hypot(...names.flatMap((key) => Array.from(wanted(`gradient/${key}`))));
    const tooFar = names.filter((key) => {
      const values = wanted(`gradient/${key}`);
      const error = tensorError(found.get(key)!, values).relativeL2;
      // Gradients that are 0 in theory, as those of the keys' biases, have no relative error.
      const bound = key in own.gradient ? TIMES_EACH * own.gradient[key]! : (1e-6 * length) / Math.hypot(...values);
      return !(error <= bound);
    });
    expect(tooFar).toEqual([]);
    expect(together(found, "gradient") / own.gradients).toBeLessThanOrEqual(TIMES_ALL);
  });

  it(`keeps the loss of its AdamW steps within ${LOSS} of PyTorch float64's, and the weights within ${TIMES_TRAINED} times float32's drift`, async () => {
    const { steps, warmup, clip, rates, optimizer } = facts;
    const { betas, eps: epsilon, weight_decay: weightDecay } = optimizer;
    const history = await train(
      part,
      { training: targets },
      {
        ...{ epochs: steps, batch: facts.labels.length, patience: 1, seed: 0, clip },
        optimizer: { learningRate: rates.head, betas, epsilon, weightDecay },
        share: (step, all) => learningRateShare(step, { warmup, steps: all, decay: "cosine" }),
      },
      { inTurn: (work) => model.onEngine(work) },
    );
    for (const [step, { loss }] of history.entries())
      expect(Math.abs(loss / wanted("loss")[step]! - 1), `loss before step ${step + 1}`).toBeLessThanOrEqual(LOSS);
    const values = await model.onEngine(() => Promise.all(part.parameters.map(({ variable }) => variable.data())));
    expect(together(asStored(values as Float32Array[]), "trained") / own.trained).toBeLessThanOrEqual(TIMES_TRAINED);
  });
});

const keysOf = ({ tensors }: Golden, prefix: string) =>
  [...tensors.keys()].filter((key) => key.startsWith(prefix)).sort();
