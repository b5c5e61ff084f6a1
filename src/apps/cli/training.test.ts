import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Label } from "../../tasks/classification.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { runForTest } from "./run-cli.testing.js";

const PICTURES = join(import.meta.dirname, "../../../conformance/pictures/textures");
const train = join(PICTURES, "train");
const test = join(PICTURES, "test");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-fit-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const runFit = (...more: string[]) =>
  runForTest(["fit", train, "--model", tinyModel("vit"), "--cache", join(folder, "cache"), ...more]);

describe("vitrail fit", () => {
  it("makes a head that classify and evaluate take, and a page about it", async () => {
    const [out, report] = [join(folder, "head"), join(folder, "head.html")];
    const { code, out: text } = await runFit("--out", out, "--report", report, "--test", test);
    expect(code).toBe(0);
    expect(text).toMatch(/learned from 48 pictures; judged by .*test:\n15 pictures: accuracy \d+\.\d %/);
    const page = readFileSync(report, "utf8");
    expect(page).not.toMatch(/<script|<link|@import|url\(|https?:/);
    expect(page.match(/<svg role="img" aria-label/g)).toHaveLength(4);
    expect(page.match(/<img src="data:image\/jpeg/g)).toHaveLength(15);

    const evaluated = await runForTest(["evaluate", out, test, "--json"]);
    expect(evaluated.code).toBe(0);
    const { accuracy, confusion, labels, worst } = evaluated.json();
    expect(text).toContain(`accuracy ${(accuracy * 100).toFixed(1)} %`);
    expect(confusion.flat().reduce((a: number, b: number) => a + b)).toBe(15);
    expect(labels.map(({ label }: { label: string }) => label)).toEqual(["brick", "grass", "gravel"]);
    expect(worst[0]).not.toHaveProperty("image");

    const picture = join(test, "brick", readdirSync(join(test, "brick"))[0]!);
    const classified = (await runForTest(["classify", out, picture, "--json"])).json();
    expect(classified[0].labels).toHaveLength(3);
  });

  it("judges by the validation pictures where there are no others", async () => {
    const { json } = await runFit("--out", join(folder, "own"), "--json", "--solver", "adamw", "--epochs", "2");
    const { summary, evaluation, last } = json();
    expect(summary).toMatchObject({ training: 48, validation: 12 });
    expect(evaluation.examples).toBe(12);
    expect(last.epoch).toBe(2);
  });

  it.each([
    ["blocks", ["--unfreeze", "1"], { kind: "unfreeze", first: 1 }],
    ["adapters", ["--lora-rank", "4", "--lora-targets", "query, output"], { kind: "lora", first: 0 }],
  ])("trains %s with the head", async (name, options, tuning) => {
    const out = join(folder, name);
    const { code, json } = await runFit("--out", out, "--epochs", "2", ...options, "--json");
    expect(code).toBe(0);
    expect(json().tuning).toMatchObject(tuning);
    expect((await runForTest(["evaluate", out, test])).code).toBe(0);
  });

  it("says which blocks there are to be trained", async () => {
    const { code, notes } = await runFit("--out", join(folder, "deep"), "--unfreeze", "3");
    expect(code).toBe(2);
    expect(notes).toMatch(/"unfreeze" must be a whole number from 1 to 2; found 3/);
  });

  it("reads a CSV of many labels, tells what it leaves out, and exits with 1 then", async () => {
    const list = join(folder, "labels.csv");
    const rows = ["brick", "grass"].flatMap((label) =>
      readdirSync(join(train, label)).map((file, i) => `"${join(train, label, file)}",${label}${i % 2 ? "|odd" : ""}`),
    );
    writeFileSync(list, ["path,labels", ...rows, "nowhere.jpg,brick"].join("\r\n"));
    const { code, out, notes } = await runForTest([
      "fit",
      list,
      "--model",
      tinyModel("vit"),
      "--out",
      join(folder, "many"),
      "--balanced",
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/odd: precision/);
    expect(notes).toMatch(/left out nowhere.jpg: There is no file/);
    const config = JSON.parse(readFileSync(join(folder, "many/config.json"), "utf8"));
    expect(config.problem_type).toBe("multi_label_classification");
    expect(Object.keys(config.vitrail.thresholds)).toEqual(["brick", "grass", "odd"]);

    const { temperature, thresholds } = config.vitrail;
    const classify = (...options: string[]) =>
      runForTest(["classify", join(folder, "many"), join(train, "grass"), "--json", ...options]);
    const raw = (await classify("--activation", "none")).json();
    const decided = (await classify("--threshold", "fitted")).json();
    const honest = (await classify("--temperature", "fitted")).json();
    for (const [i, { labels }] of raw.entries()) {
      const wanted = labels.map(({ label, score }: Label) => ({
        label,
        score: 1 / (1 + Math.exp(-score / temperature)),
      }));
      expect(honest[i].labels.map(({ score }: Label) => score.toFixed(6))).toEqual(
        wanted.map(({ score }: Label) => score.toFixed(6)),
      );
      expect(decided[i].labels.map(({ label }: Label) => label)).toEqual(
        wanted.filter(({ label, score }: Label) => score >= thresholds[label]).map(({ label }: Label) => label),
      );
    }
  });

  it("says before the work which page can't be written", async () => {
    const { code, notes } = await runFit("--out", join(folder, "x"), "--report", join(import.meta.filename, "a.html"));
    expect(code).toBe(2);
    expect(notes).toMatch(/a\.html" can't be written \((EEXIST|ENOTDIR)\)/);
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  it("leaves nothing behind where there is nothing to learn", async () => {
    const out = join(folder, "none");
    const { code, notes } = await runForTest(["fit", join(test, "brick"), "--model", tinyModel("vit"), "--out", out]);
    expect(code).toBe(1);
    expect(notes).toMatch(/training\/no-examples/);
    expect(existsSync(out)).toBe(false);
  });
});
