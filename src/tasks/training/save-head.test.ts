import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../io/read-safetensors.js";
import { toFloat32 } from "../../io/to-float32.js";
import { loadModel } from "../load-model.js";
import { tinyModel } from "../model-folder.testing.js";
import { evaluateModel } from "./evaluate-model.js";
import { fitHead } from "./fit-head.js";
import type { FitOptions } from "./fit-options.js";
import { Head } from "./head.js";

const PICTURES = join(import.meta.dirname, "../../../conformance/pictures/textures");
const train = join(PICTURES, "train");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-heads-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tensorsOf = (path: string) => readSafetensors(readFileSync(join(path, "model.safetensors"))).tensors;
const contentOf = (path: string) =>
  Object.fromEntries(readdirSync(path).map((file) => [file, readFileSync(join(path, file)).toString("latin1")]));

describe("a saved head", () => {
  it.each([
    ["vit-bare", "trained-vit", "classifier"],
    ["eva-wrapper", "trained-eva", "timm_model.head"],
  ])("of %s is the folder, byte for byte, that Python loads in the conformance tests", async (base, saved, name) => {
    await using model = await loadModel(tinyModel(base));
    const tensors = tensorsOf(tinyModel(saved));
    const values = (part: string) => {
      const { bytes, dtype } = tensors.get(`${name}.${part}`)!;
      return toFloat32(bytes, dtype);
    };
    const fitted = await fitHead(model, train);
    const config = JSON.parse(readFileSync(join(tinyModel(saved), "config.json"), "utf8"));
    const head = new Head(model, {
      ...fitted,
      layers: [{ weight: values("weight"), bias: values("bias") }],
      temperature: config.vitrail.temperature,
    });
    const target = join(folder, saved);
    await head.save(target);
    expect(contentOf(target)).toEqual(contentOf(tinyModel(saved)));
  });

  it.each<[string, FitOptions]>([
    ["vit", {}],
    ["vit-f16", {}],
    ["vit-pooler", {}],
    ["vit-sharded", {}],
    ["eva-base", {}],
    ["timm-vit", {}],
    ["vit", { hidden: 5, epochs: 3 }],
    ["eva-base", { hidden: 5, epochs: 3 }],
  ])(
    "of %s %j loads with loadModel and answers as the head did, with the backbone's bytes as they were",
    async (base, options) => {
      await using model = await loadModel(tinyModel(base));
      const head = await fitHead(model, train, options);
      const target = join(folder, `${base}-${options.hidden}`);
      await head.save(target);
      await using loaded = await loadModel(target);
      expect(loaded.labels).toEqual(head.labels);
      const pictures = readdirSync(join(PICTURES, "test/grass")).map((file) => join(PICTURES, "test/grass", file));
      const wanted = head.logits(await model.embed(pictures, { normalize: false }));
      const found = (await loaded.run(pictures, { outputs: ["logits"] })).flatMap(({ logits }) => [...logits.data]);
      for (const [i, logit] of found.entries()) expect(Math.abs(logit - wanted[i]!)).toBeLessThan(1e-4);
      expect(await evaluateModel(loaded, join(PICTURES, "test"))).toMatchObject({
        temperature: head.temperature,
        examples: 15,
      });

      const plain = await loaded.classify(pictures[0]!, { activation: "none" });
      const scaled = await loaded.classify(pictures[0]!, { activation: "none", temperature: "fitted" });
      expect(plain[0]!.score / scaled[0]!.score).toBeCloseTo(head.temperature, 5);

      const saved = tensorsOf(target);
      if (base === "vit-sharded") return;
      for (const [name, { bytes, dtype }] of tensorsOf(tinyModel(base))) {
        const same = saved.get(name) ?? saved.get(`vit.${name}`);
        if (/^(classifier|pooler|head)\./.test(name)) continue;
        expect([dtype, Buffer.compare(bytes, same!.bytes)], name).toEqual([same!.dtype, 0]);
      }
    },
  );

  it("with a hidden layer says so to Python: another model type, and how to use it by hand", async () => {
    const target = join(folder, "vit-5");
    const config = JSON.parse(readFileSync(join(target, "config.json"), "utf8"));
    expect(config).toMatchObject({ model_type: "vitrail_vit", head_hidden_size: 5 });
    expect(readFileSync(join(target, "README.md"), "utf8")).toMatch(/classifier/);
    expect([...tensorsOf(target).keys()].filter((name) => name.startsWith("classifier"))).toHaveLength(4);
  });

  it("replaces an older one whole, and nothing else: training/not-saved", async () => {
    await using model = await loadModel(tinyModel("vit"));
    const head = await fitHead(model, train);
    const target = join(folder, "replaced");
    await head.save(target);
    await head.save(target);
    expect(readdirSync(target).sort()).toEqual(["config.json", "model.safetensors", "preprocessor_config.json"]);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);

    const other = join(folder, "holiday");
    mkdirSync(other);
    writeFileSync(join(other, "photo.jpg"), "");
    await expect(head.save(other)).rejects.toMatchObject({ code: "training/not-saved" });
    expect(existsSync(join(other, "photo.jpg"))).toBe(true);
    await expect(head.save(tinyModel("vit"))).rejects.toMatchObject({ code: "training/not-saved" });
    await expect(head.save(undefined as never)).rejects.toMatchObject({ code: "input/not-a-path" });
    await expect(head.save(join(other, "photo.jpg"))).rejects.toMatchObject({ code: "training/not-saved" });
    await expect(head.save(join(other, "photo.jpg", "below"))).rejects.toMatchObject({ code: "training/not-saved" });
  });
});
