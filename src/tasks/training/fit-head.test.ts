import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeEngine } from "../../backend/engine.js";
import { loadModel } from "../load-model.js";
import { tinyModel } from "../model-folder.testing.js";
import type { VisionModel } from "../vision-model.js";
import { fitHead } from "./fit-head.js";
import type { FitOptions, FitProgress } from "./fit-options.js";

const PICTURES = join(import.meta.dirname, "../../../conformance/pictures/textures");
const train = join(PICTURES, "train");
const test = join(PICTURES, "test");

let model: VisionModel;
let folder: string;
let cache: string;
beforeAll(async () => {
  model = await loadModel(tinyModel("vit"));
  folder = mkdtempSync(join(tmpdir(), "vitrail-training-"));
  cache = join(folder, "cache");
  await fitHead(model, train, { cache });
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

const bytesOf = (head: { layers: readonly { weight: Float32Array; bias: Float32Array }[] }) =>
  head.layers.map(({ weight, bias }) => [Buffer.from(weight.buffer), Buffer.from(bias.buffer)]);

describe("fitHead", () => {
  it("passes each picture through the backbone once, and never again while the cache keeps it", async () => {
    const own = join(folder, "own-cache");
    const before = model.passes;
    const head = await fitHead(model, train, { cache: own, batch: 1 });
    expect(model.passes - before).toBe(60);
    expect(head.summary).toMatchObject({ training: 48, validation: 12, passes: 60, omitted: [] });
    expect(head.labels).toEqual(["brick", "grass", "gravel"]);
    const again = await fitHead(model, train, { cache: own, batch: 1 });
    expect(model.passes - before).toBe(60);
    expect(again.summary.passes).toBe(0);
    expect(bytesOf(again)).toEqual(bytesOf(head));
  });

  it("learns to tell textures apart: nine in ten of those it has seen, and far more than a third of others", async () => {
    const head = await fitHead(model, train, { cache });
    expect((await head.evaluate(train, { cache })).accuracy).toBeGreaterThan(0.9);
    expect((await head.evaluate(test)).accuracy).toBeGreaterThan(0.7);
  });

  it("makes features anew whose file in the cache was cut or changed", async () => {
    const own = join(folder, "damaged-cache");
    cpSync(cache, own, { recursive: true });
    const [parts] = readdirSync(own).map((name) => join(own, name));
    const [part] = readdirSync(parts!).map((name) => join(parts!, name));
    const draft = join(parts!, `.${"0".repeat(32)}.safetensors.${"0".repeat(12)}.tmp`);
    writeFileSync(draft, "");
    utimesSync(draft, 0, 0);
    for (const damage of [
      () => truncateSync(part!, 500),
      () => {
        const bytes = readFileSync(part!);
        bytes[bytes.length - 10]! ^= 1;
        writeFileSync(part!, bytes);
      },
    ]) {
      damage();
      expect((await fitHead(model, train, { cache: own, batch: 60 })).summary.passes).toBe(1);
      expect((await fitHead(model, train, { cache: own })).summary.passes).toBe(0);
    }
    expect(existsSync(draft)).toBe(false);
  });

  const ADAMW: FitOptions[] = [
    { solver: "adamw", epochs: 6, patience: 3, step: 16 },
    { hidden: 8, epochs: 6, step: 16, seed: 3, labelSmoothing: 0.1, classWeights: "balanced" },
  ];

  it.each([{}, ...ADAMW])("gives the same head twice, to the bit: %j", async (options) => {
    const heads = [
      await fitHead(model, train, { cache, ...options }),
      await fitHead(model, train, { cache, ...options }),
    ];
    expect(bytesOf(heads[1]!)).toEqual(bytesOf(heads[0]!));
    expect(heads[1]!.temperature).toBe(heads[0]!.temperature);
    expect(heads[1]!.history).toEqual(heads[0]!.history);
  });

  it.each([{}, ...ADAMW])("gives the same head on one thread and on two, to the bit: %j", async (options) => {
    const heads: string[] = [];
    for (const threads of [1, 2]) {
      await using other = await loadModel(tinyModel("vit"), { engine: "vitrail", threads });
      const head = await fitHead(other, train, { cache, ...options });
      expect(describeEngine().threads).toBe(threads);
      heads.push(JSON.stringify(bytesOf(head)));
    }
    expect(heads[1]).toBe(heads[0]);
  });

  it("has a temperature of 1 where all validation pictures are answered right", async () => {
    const shades = Array.from({ length: 40 }, (_, i) => {
      const data = new Uint8Array(3 * 64).fill(i % 2 ? 10 + i : 200 + i);
      return { image: { data, width: 8, height: 8 }, label: i % 2 ? "dark" : "light" };
    });
    const head = await fitHead(model, shades);
    expect(head.validation!.accuracy).toBe(1);
    expect(head.temperature).toBe(1);
  });

  it.each(ADAMW)("goes on after an interruption as if there had been none, to the bit: %j", async (options) => {
    const whole = await fitHead(model, train, { cache, ...options });
    for (const stop of [1, 4]) {
      const checkpoint = join(folder, `stopped-${stop}-${options.hidden}.safetensors`);
      const abort = new AbortController();
      const progress = (event: FitProgress) => {
        if (event.stage === "training" && event.epoch === stop) abort.abort(new Error("stopped"));
      };
      const first = fitHead(model, train, { cache, ...options, checkpoint, progress, signal: abort.signal });
      await expect(first).rejects.toThrow("stopped");
      const seen: number[] = [];
      const resumed = await fitHead(model, train, {
        cache,
        ...options,
        checkpoint,
        progress: (event) => event.stage === "training" && seen.push(event.epoch),
      });
      expect(seen[0]).toBe(stop + 1);
      expect(bytesOf(resumed)).toEqual(bytesOf(whole));
      expect(resumed.history).toEqual(whole.history);
    }
  });

  it("refuses the checkpoint of another training, training/checkpoint", async () => {
    const checkpoint = join(folder, "of-another.safetensors");
    await fitHead(model, train, { cache, solver: "adamw", epochs: 1, checkpoint });
    const other = fitHead(model, train, { cache, solver: "adamw", epochs: 1, checkpoint, seed: 1 });
    await expect(other).rejects.toMatchObject({ code: "training/checkpoint" });
  });

  it("keeps the epoch with the least validation loss, and stops after `patience` epochs without a better one", async () => {
    const head = await fitHead(model, train, {
      cache,
      solver: "adamw",
      epochs: 500,
      patience: 4,
      step: 8,
      learningRate: 0.3,
    });
    const losses = head.history.map(({ validationLoss }) => validationLoss!);
    const best = losses.indexOf(Math.min(...losses));
    expect(head.history.length).toBe(best + 1 + 4);
    expect(head.history.length).toBeLessThan(500);
  });

  it("keeps as many tensors after sixty epochs as before", async () => {
    const counts = new Set<number>();
    const before = memory().numTensors;
    await fitHead(model, train, {
      cache,
      hidden: 8,
      epochs: 60,
      patience: 60,
      progress: ({ stage }) => stage === "training" && counts.add(memory().numTensors),
    });
    expect(counts.size).toBe(1);
    expect(memory().numTensors).toBe(before);
    await fitHead(model, train, { cache });
    expect(memory().numTensors).toBe(before);
  });

  it("gives its tensors back when it is aborted, and throws the signal's reason", async () => {
    const before = memory().numTensors;
    for (const solver of ["lbfgs", "adamw"] as const) {
      const abort = new AbortController();
      const progress = ({ stage }: FitProgress) => {
        if (stage === "training") abort.abort(new Error("enough"));
      };
      await expect(fitHead(model, train, { cache, solver, progress, signal: abort.signal })).rejects.toThrow("enough");
      expect(memory().numTensors).toBe(before);
    }
  });

  it("passes each augmented view once, under a key of its own", async () => {
    const own = join(folder, "views");
    const augmentation = { views: 2 };
    const first = await fitHead(model, train, { cache: own, augmentation, batch: 1 });
    expect(first.summary).toMatchObject({ training: 48, views: 96, passes: 60 + 96 });
    const second = await fitHead(model, train, { cache: own, augmentation, batch: 1 });
    expect(second.summary.passes).toBe(0);
    expect(bytesOf(second)).toEqual(bytesOf(first));
    const other = await fitHead(model, train, { cache: own, augmentation: { views: 2, color: 0.1 }, batch: 1 });
    expect(other.summary.passes).toBe(96);
  });
});

describe("examples that can't all be used", () => {
  const textures = (label: string) => readdirSync(join(train, label)).map((file) => join(train, label, file));
  const some = () => [
    ...textures("brick").map((image) => ({ image, label: "brick" })),
    ...textures("grass").map((image) => ({ image, label: "grass" })),
  ];

  it("are left out with a reason: broken, missing, twice, contradicting", async () => {
    const broken = join(folder, "broken.jpg");
    writeFileSync(broken, readFileSync(textures("brick")[0]!).subarray(0, 300));
    const [gravel, other] = textures("gravel");
    const head = await fitHead(
      model,
      [
        ...some(),
        { image: broken, label: "brick" },
        { image: join(folder, "nowhere.jpg"), label: "brick" },
        { image: textures("brick")[0]!, label: "brick", name: "again" },
        { image: gravel!, label: "brick", name: "said to be brick" },
        { image: gravel!, label: "grass", name: "said to be grass" },
        { image: other!, label: "grass" },
        { image: { data: new Uint8Array(3), width: 1, height: 1 }, labels: ["a", "b"], name: "two" },
      ],
      { cache, problem: "single-label" },
    );
    expect(head.summary.omitted.map(({ name, code }) => [name, code]).sort()).toEqual(
      [
        [broken, "image/corrupt"],
        [join(folder, "nowhere.jpg"), "input/file-not-found"],
        ["again", "training/duplicate"],
        ["said to be brick", "training/contradiction"],
        ["said to be grass", "training/contradiction"],
        ["two", "training/labels"],
      ].sort(),
    );
    expect(head.labels).toEqual(["brick", "grass"]);
  });

  it("are an error where nothing can be learned: one label, none, no pictures", async () => {
    const empty = join(folder, "empty");
    mkdirSync(join(empty, "cat"), { recursive: true });
    const cases: [Parameters<typeof fitHead>[1], FitOptions, string][] = [
      [some().slice(0, 5), {}, "training/one-label"],
      [empty, {}, "training/no-examples"],
      [[], {}, "training/no-examples"],
      [join(folder, "nowhere"), {}, "training/not-found"],
      [tinyModel("vit/config.json"), {}, "training/listing"],
      [some(), { labels: ["brick", "grass", "sand"] }, "training/no-examples-of-label"],
      [some(), { labels: ["sand", "water"] }, "training/labels-differ"],
      [some(), { labels: ["brick", "brick"] }, "training/labels"],
      [[{ picture: "a.jpg" }] as never, {}, "training/example"],
      [7 as never, {}, "training/example"],
      [some(), { solver: "lbfgs", hidden: 4 }, "input/option"],
      [some(), { patience: 4 }, "input/option"],
      [some(), { classWeights: { brick: -1 } }, "input/option"],
      [some(), { classWeights: { sand: 2 } }, "input/option"],
      [some(), { augmentation: { flip: 2 } }, "input/option"],
      [some(), { cache: 5 as never }, "input/option"],
      [some(), { signal: 5 as never }, "input/option"],
      [some(), { progress: 5 as never }, "input/option"],
      [some(), { batchSize: 4 } as never, "input/option"],
      [some(), { cache: join(tinyModel("vit"), "config.json") }, "training/cache"],
    ];
    for (const [source, options, code] of cases)
      await expect(fitHead(model, source, { cache, ...options }), code).rejects.toMatchObject({ code });
    await expect(fitHead(undefined as never, some())).rejects.toMatchObject({ code: "input/model" });
  });

  it("may have any number of labels each", async () => {
    const images = ["brick", "grass", "gravel"].flatMap((label) => textures(label).map((image) => ({ image, label })));
    const examples = images.map(({ image, label }, i) => ({
      image,
      labels: [
        ...(label === "gravel" ? [] : ["flat"]),
        ...(label === "grass" ? ["green"] : []),
        ...(i % 7 ? [] : ["seventh"]),
      ],
    }));
    const head = await fitHead(model, examples, { cache, classWeights: "balanced" });
    expect(head).toMatchObject({ problem: "multi-label", labels: ["flat", "green", "seventh"] });
    expect(Object.keys(head.thresholds!)).toEqual(head.labels);
    const found = await head.evaluate(examples, { cache });
    expect(found.curves[0]!.averagePrecision).toBeGreaterThan(0.95);
    expect(found.labels[0]!.f1).toBe(found.curves[0]!.chosen!.f1);
    expect(found.labels[0]!.f1).toBeGreaterThan(0.8);
    expect(found.curves.map(({ label }) => label)).toEqual(head.labels);
  });
});
