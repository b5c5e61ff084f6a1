import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runForTest } from "./run-cli.testing.js";

const root = join(import.meta.dirname, "../../..");
const MODEL = join(root, "conformance/models/vit");
const PICTURES = join(root, "conformance/pictures");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-quantize-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (out: string, ...words: string[]) =>
  runForTest([
    "quantize",
    MODEL,
    "--calibrate",
    PICTURES,
    "--out",
    join(folder, out),
    "--engines",
    "vitrail",
    ...words,
  ]);

describe("vitrail quantize", () => {
  it("writes a folder that other commands load, and says what it cost", async () => {
    const { out, code, notes } = await run("int8", "--int8");
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    expect(out).toMatch(/same best label [\d.]+ %, cosine 0\.99\d+ in the mean/);
    expect(out).toMatch(/a picture on vitrail: [\d.]+ ms before, [\d.]+ ms after/);
    expect(readFileSync(join(folder, "int8/report.html"), "utf8")).toContain("as int8");
    const inspected = (await runForTest(["inspect", join(folder, "int8"), "--json"])).json();
    expect(inspected.dtypes.I8).toBeGreaterThan(0);
  });

  it("--json prints the report", async () => {
    const report = (await run("json", "--float16", "--json")).json();
    expect(report).toMatchObject({ dtype: "float16", attention: "float32", agreement: { of: "labels", share: 1 } });
  });

  it("ends with 4 beyond the budget, names the layers to keep and writes nothing; --keep-worst auto keeps them", async () => {
    const first = (await run("free", "--int8", "--json")).json();
    const cosine = (1 + 2 * first.cosine.least) / 3;
    const refused = await run("budget", "--budget", `agreement=0,cosine=${cosine}`);
    expect(refused.code).toBe(4);
    expect(refused.notes).toMatch(/beyond the budget: cosine 0\.99\d+, wanted at least .* Keep .*"(vit\.|attention)/s);
    expect(existsSync(join(folder, "budget"))).toBe(false);
    const kept = await run("budget", "--budget", `cosine=${cosine}`, "--keep-worst", "auto", "--json");
    expect(kept.code).toBe(0);
    expect(kept.json().cosine.least).toBeGreaterThanOrEqual(cosine);
  }, 30_000);

  it.each([
    ["a budget without a name", ["--budget", "0.9"]],
    ["a budget of another name", ["--budget", "cos=0.9"]],
    ["both dtypes", ["--int8", "--float16"]],
    ["an engine that there is not", ["--engines", "cuda"]],
    ["auto without a budget", ["--keep-worst", "auto"]],
  ])("ends with 2 for %s", async (_, words) => {
    expect((await run("wrong", ...words)).code).toBe(2);
    expect(existsSync(join(folder, "wrong"))).toBe(false);
  });

  it("ends with 2 for an output with files", async () => {
    expect((await run(".", "--int8")).code).toBe(2);
  });
});
