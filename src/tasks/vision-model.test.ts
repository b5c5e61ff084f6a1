import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageInput, RawPixels } from "./image-input.js";
import { loadModel } from "./load-model.js";
import { tinyModel } from "./model-folder.testing.js";
import type { VisionModel } from "./vision-model.js";

/** A picture of seeded noise. */
function picture(seed: number, width = 40, height = 36): RawPixels {
  let state = seed * 7919 + 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { data, width, height, channels: 3 };
}

const pictures = Array.from({ length: 5 }, (_, seed) => picture(seed));
const relative = (a: Float32Array, b: Float32Array) =>
  Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b);

let vit: VisionModel;
let encoder: VisionModel;
beforeAll(async () => {
  vit = await loadModel(tinyModel("vit"));
  encoder = await loadModel(tinyModel("vit-pooler"));
});
afterAll(async () => {
  await vit.dispose();
  await encoder.dispose();
});

describe("classify", () => {
  it("gives all labels, best first, whose softmax scores sum to 1 within 1e-12", async () => {
    const labels = await vit.classify(pictures[0]!);
    expect(labels.map(({ label }) => label).sort()).toEqual([...vit.labels].sort());
    expect(labels.map(({ score }) => score)).toEqual(labels.map(({ score }) => score).sort((a, b) => b - a));
    expect(Math.abs(labels.reduce((sum, { score }) => sum + score, 0) - 1)).toBeLessThan(1e-12);
  });

  it("limits by topK and by threshold", async () => {
    const all = await vit.classify(pictures[0]!);
    expect(await vit.classify(pictures[0]!, { topK: 2 })).toEqual(all.slice(0, 2));
    expect(await vit.classify(pictures[0]!, { threshold: all[2]!.score })).toEqual(all.slice(0, 3));
    expect(await vit.classify(pictures[0]!, { threshold: 2 })).toEqual([]);
  });

  it("gives logits with no activation and independent scores with a sigmoid", async () => {
    const { logits } = await vit.run(pictures[0]!, { outputs: ["logits"] });
    const none = await vit.classify(pictures[0]!, { activation: "none" });
    const sigmoid = await vit.classify(pictures[0]!, { activation: "sigmoid" });
    for (const { label, score } of none) {
      expect(score).toBe(logits.data[vit.labels.indexOf(label)]);
      expect(sigmoid.find((entry) => entry.label === label)!.score).toBeCloseTo(1 / (1 + Math.exp(-score)), 12);
    }
  });

  it("sums ordered labels to the score of this or worse", async () => {
    await using nsfw = await loadModel(tinyModel("eva-wrapper"));
    const plain = new Map((await nsfw.classify(pictures[1]!)).map(({ label, score }) => [label, score]));
    const worse = new Map(
      (await nsfw.classify(pictures[1]!, { cumulative: "label-order" })).map(({ label, score }) => [label, score]),
    );
    expect(worse.get("neutral")).toBeCloseTo(1, 12);
    expect(worse.get("medium")).toBeCloseTo(plain.get("medium")! + plain.get("high")!, 12);
    const reversed = await nsfw.classify(pictures[1]!, { cumulative: ["high", "medium", "low", "neutral"] });
    expect(reversed[0]).toEqual({ label: "high", score: expect.closeTo(1, 12) });
  });

  it("answers a list with a list in the same order, each within 2e-6 of its own run alone", async () => {
    const together = await vit.run(pictures, { outputs: ["logits"], batch: 3 });
    expect(together).toHaveLength(pictures.length);
    for (const [i, { logits }] of together.entries()) {
      const alone = await vit.run(pictures[i]!, { outputs: ["logits"] });
      expect(relative(logits.data, alone.logits.data)).toBeLessThan(2e-6);
    }
    expect(await vit.classify([])).toEqual([]);
  });

  it("says that an encoder has no classifier", async () => {
    await expect(encoder.classify(pictures[0]!)).rejects.toMatchObject({ code: "input/no-classifier" });
    await expect(encoder.run(pictures[0]!, { outputs: ["logits"] })).rejects.toMatchObject({ code: "input/output" });
  });
});

describe("embed", () => {
  it("gives vectors of length 1 within 1e-6 unless told not to", async () => {
    const unit = await vit.embed(pictures[0]!);
    const raw = await vit.embed(pictures[0]!, { normalize: false });
    expect(Math.abs(Math.hypot(...unit) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(Math.hypot(...raw) - 1)).toBeGreaterThan(1e-3);
    expect(unit).toHaveLength(vit.width);
  });

  it("pools the class token, the mean or the pooler, which all differ", async () => {
    const [cls, mean, pooler] = await Promise.all(
      (["class", "mean", "pooler"] as const).map((pool) => encoder.embed(pictures[0]!, { pool })),
    );
    expect(relative(cls!, mean!)).toBeGreaterThan(0.01);
    expect(relative(cls!, pooler!)).toBeGreaterThan(0.01);
    expect(await encoder.embed(pictures[0]!)).toEqual(cls);
  });

  it("says when there is no pooler", async () => {
    await expect(vit.embed(pictures[0]!, { pool: "pooler" })).rejects.toMatchObject({ code: "input/no-pooler" });
  });
});

describe("run", () => {
  it("gives any outputs out of one forward pass, in the contract's shapes", async () => {
    const before = vit.passes;
    const outputs = ["logits", "probabilities", "embedding", "tokens", "hidden.0", "hidden.2", "attention.1"] as const;
    const results = await vit.run(pictures[0]!, { outputs });
    expect(vit.passes - before).toBe(1);
    expect(Object.fromEntries(outputs.map((name) => [name, results[name].shape]))).toEqual({
      logits: [7],
      probabilities: [7],
      embedding: [32],
      tokens: [17, 32],
      "hidden.0": [17, 32],
      "hidden.2": [17, 32],
      "attention.1": [2, 17, 17],
    });
    for (const name of outputs)
      expect(results[name].data.length).toBe(results[name].shape.reduce((product, size) => product * size, 1));
  });

  it.each([["hidden.3"], ["attention.2"], ["hidden.01"], ["hidden.-1"], ["logit"], ["constructor"], [3]])(
    "refuses the output %s",
    async (name) => {
      await expect(vit.run(pictures[0]!, { outputs: [name as "logits"] })).rejects.toMatchObject({
        code: "input/output",
      });
    },
  );

  it("refuses to run for nothing", async () => {
    await expect(vit.run(pictures[0]!, { outputs: [] })).rejects.toMatchObject({ code: "input/output" });
    await expect(vit.run(pictures[0]!, {} as never)).rejects.toMatchObject({ code: "input/output" });
  });

  it("keeps calls that are made at once apart", async () => {
    const outputs = ["logits"] as const;
    const one = await vit.run(pictures[2]!, { outputs });
    const all = await Promise.all([0, 1, 2, 3].map((i) => vit.run(pictures[i]!, { outputs })));
    expect(all[2]).toEqual(one);
  });

  it("takes tensors of its own size only", async () => {
    const outputs = ["logits"] as const;
    await expect(vit.runTensor(new Float32Array(12), [1, 2, 2, 3], { outputs })).rejects.toMatchObject({
      code: "input/tensor",
    });
    await expect(vit.runTensor(new Float32Array(12), [1, 32, 32, 3], { outputs })).rejects.toMatchObject({
      code: "input/tensor",
    });
    const { logits } = await vit.runTensor(new Float32Array(2 * 32 * 32 * 3), [2, 32, 32, 3], { outputs });
    expect(logits.shape).toEqual([2, 7]);
  });
});

describe("classifyAll", () => {
  it("goes on past a broken picture and keeps the order", async () => {
    const inputs: ImageInput[] = [pictures[0]!, "no/such/file.jpg", new Uint8Array([1, 2, 3]), pictures[1]!];
    const items = await collect(vit.classifyAll(inputs, { batch: 2, topK: 1 }));
    expect(items.map((item) => ("error" in item ? (item.error as { code?: string }).code : "ok"))).toEqual([
      "ok",
      "input/file-not-found",
      "image/unsupported-format",
      "ok",
    ]);
    expect(items.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  });

  it("asks for no picture before its batch's turn, so memory stays bounded", async () => {
    let asked = 0;
    async function* endless() {
      for (;;) yield picture(asked++);
    }
    let seen = 0;
    for await (const _ of vit.classifyAll(endless(), { batch: 4 })) {
      seen++;
      expect(asked - seen).toBeLessThan(4);
      if (seen === 10) break;
    }
    expect(asked).toBe(12);
  });

  it("stops with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = async () => {
      for await (const { index } of vit.classifyAll(pictures, { batch: 1, signal: controller.signal }))
        if (index === 1) controller.abort(reason);
    };
    await expect(run()).rejects.toBe(reason);
  });
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("bad input", () => {
  const broken: [what: string, input: unknown, code: string][] = [
    ["a missing file", "no/such/file.jpg", "input/file-not-found"],
    ["a folder", tinyModel("vit"), "input/file-unreadable"],
    ["a web address", "https://example.org/cat.jpg", "input/url"],
    ["a number", 7, "input/image"],
    ["nothing", undefined, "input/image"],
    ["null", null, "input/image"],
    ["an object of another kind", { width: 3 }, "input/image"],
    ["no bytes", new Uint8Array(0), "image/empty"],
    ["bytes that are no picture", new TextEncoder().encode("<html>"), "image/unsupported-format"],
    ["raw pixels without a size", { data: new Uint8Array(12) }, "input/pixels"],
    ["raw pixels of a negative size", { data: new Uint8Array(12), width: -2, height: -2 }, "input/pixels"],
    ["too few raw pixels", { data: new Uint8Array(11), width: 2, height: 2 }, "input/pixels"],
    ["raw pixels with two channels", { data: new Uint8Array(8), width: 2, height: 2, channels: 2 }, "input/pixels"],
    ["raw pixels as floats", { data: new Float32Array(12), width: 2, height: 2 }, "input/pixels"],
  ];

  it.each(broken)("%s is refused with a code, and no tensor stays", async (_what, input, code) => {
    const before = memory().numTensors;
    await expect(vit.classify(input as ImageInput)).rejects.toMatchObject({ code });
    await expect(vit.classify([pictures[0]!, input as ImageInput])).rejects.toMatchObject({
      code,
      details: { index: 1 },
    });
    expect(memory().numTensors).toBe(before);
  });

  it.each([
    ["topK", 0],
    ["topK", 1.5],
    ["threshold", "high"],
    ["threshold", Number.NaN],
    ["activation", "relu"],
    ["cumulative", ["only one"]],
    ["batch", 0],
    ["topk", 3],
  ])("the option %s: %s is refused", async (name, value) => {
    await expect(vit.classify(pictures[0]!, { [name]: value })).rejects.toMatchObject({ code: "input/option" });
  });

  it("raw pixels of one and four channels are gray and color without alpha", async () => {
    const rgb = picture(3, 9, 7);
    const rgba = Uint8Array.from({ length: 9 * 7 * 4 }, (_, i) =>
      i % 4 === 3 ? 17 : rgb.data[Math.floor(i / 4) * 3 + (i % 4)]!,
    );
    expect(await vit.classify({ data: rgba, width: 9, height: 7 })).toEqual(await vit.classify(rgb));
    const gray = Uint8Array.from({ length: 63 }, (_, i) => i * 4);
    const grayRgb = Uint8Array.from({ length: 189 }, (_, i) => gray[Math.floor(i / 3)]!);
    expect(await vit.classify({ data: gray, width: 9, height: 7 })).toEqual(
      await vit.classify({ data: grayRgb, width: 9, height: 7 }),
    );
  });
});

describe("memory", () => {
  it("is the same after 1,000 classify calls", async () => {
    await vit.classify(pictures[0]!);
    const before = memory().numTensors;
    for (let call = 0; call < 1000; call++) await vit.classify(pictures[call % pictures.length]!);
    expect(memory().numTensors).toBe(before);
  }, 60_000);

  it("is given back by dispose, which may be called again, and later calls are refused", async () => {
    const before = memory().numTensors;
    const model = await loadModel(tinyModel("vit"));
    await model.run(pictures[0]!, { outputs: ["attention.0"] });
    await model.dispose();
    await model.dispose();
    expect(memory().numTensors).toBe(before);
    await expect(model.classify(pictures[0]!)).rejects.toMatchObject({ code: "input/disposed" });
  });
});
