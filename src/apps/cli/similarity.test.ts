import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { runForTest as run } from "./run-cli.testing.js";

const PHOTOS = join(import.meta.dirname, "../../../conformance/photos");
const NAMES = ["chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "hopper.png"];
const model = tinyModel("vit");
let folder: string;
const path = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-similarity-"));
  mkdirSync(path("photos"));
  for (const name of NAMES) cpSync(join(PHOTOS, name), path("photos", name));
  cpSync(join(PHOTOS, "hopper.png"), path("photos", "hopper again.png"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("vitrail index and vitrail search", () => {
  it("put pictures into an index once, and find each as its own best", async () => {
    const first = await run(["index", model, path("photos"), "--out", path("ix")]);
    expect(first.notes).toBe("");
    expect(first.out).toMatch(/^6 pictures indexed, 0 unchanged; 6 in /);
    const second = await run(["index", model, path("photos"), "--out", path("ix")]);
    expect(second.out).toMatch(/^0 pictures indexed, 6 unchanged; 6 in /);
    const found = await run([
      "search",
      path("ix"),
      path("photos", "coffee.png"),
      "--model",
      model,
      "--top-k",
      "2",
      "--json",
    ]);
    const [{ hits }] = found.json();
    expect(hits).toHaveLength(2);
    expect(hits[0]).toMatchObject({ id: path("photos", "coffee.png"), metadata: { bytes: expect.any(Number) } });
    expect(hits[0].score).toBeCloseTo(1, 5);
  });

  it("write a page of what was found that loads nothing, with pictures that are gone by their names", async () => {
    cpSync(path("photos"), path("moving"), { recursive: true });
    await run(["index", model, path("moving"), "--out", path("ix-moving")]);
    rmSync(path("moving", "rocket.jpg"));
    const query = path("photos", "hopper.png");
    const argv = ["search", path("ix-moving"), query, "--model", model, "--top-k", "6", "--html", path("f.html")];
    const { code, notes } = await run(argv);
    expect(code).toBe(0);
    expect(notes).toContain("rocket.jpg");
    const html = readFileSync(path("f.html"), "utf8");
    expect(html.match(/<img /g)).toHaveLength(6); // the query and five of six hits
    expect(html).toMatch(/hopper\.png<br><span class="quiet">1\.0000/);
    expect(html).toContain("rocket.jpg");
    expect(html).not.toMatch(/<script|https?:/);
  });

  it("leave a broken picture out, say so, and exit with 1", async () => {
    mkdirSync(path("broken"));
    writeFileSync(path("broken", "a.jpg"), "no picture");
    cpSync(join(PHOTOS, "rocket.jpg"), path("broken", "b.jpg"));
    const { code, out, notes } = await run(["index", model, path("broken"), "--out", path("ix-broken")]);
    expect(code).toBe(1);
    expect(out).toMatch(/^1 pictures indexed/);
    expect(notes).toMatch(/a\.jpg/);
    expect(notes).toMatch(/1 of 2 pictures failed/);
  });

  it("refuse an index of another model", async () => {
    const { code, notes } = await run([
      "search",
      path("ix"),
      path("photos", "coffee.png"),
      "--model",
      tinyModel("eva-tiny"),
    ]);
    expect(code).toBe(1);
    expect(notes).toMatch(/search\/other-model/);
  });
});

describe("vitrail duplicates and vitrail cluster", () => {
  it("name the copies, and write them side by side into a page that loads nothing", async () => {
    const { out, code } = await run([
      "duplicates",
      model,
      path("photos"),
      "--threshold",
      "0.99999",
      "--html",
      path("d.html"),
    ]);
    expect(code).toBe(0);
    expect(out).toContain(`${path("photos", "hopper again.png")}\n  ${path("photos", "hopper.png")}`);
    const html = readFileSync(path("d.html"), "utf8");
    expect(html).toContain("hopper again.png");
    expect(html).not.toMatch(/<script|https?:/);
  });

  it("put every picture into one cluster or none, the same each time", async () => {
    const argv = ["cluster", model, path("photos"), "--count", "2", "--json", "--html", path("c.html")];
    const found = (await run(argv)).json();
    expect(found.clusters.flat().sort()).toEqual(
      [...NAMES, "hopper again.png"].map((name) => path("photos", name)).sort(),
    );
    expect((await run(argv)).json()).toEqual(found);
    expect(readFileSync(path("c.html"), "utf8")).toContain("Cluster 2");
    expect((await run(["cluster", model, path("photos"), "--count", "none"])).code).toBe(2);
    const crowd = [
      "cluster",
      model,
      path("photos"),
      "--method",
      "hdbscan",
      "--smallest",
      "2",
      "--neighbors",
      "1",
      "--json",
    ];
    const { method, clusters, alone } = (await run(crowd)).json();
    expect(method).toBe("hdbscan");
    expect([...clusters.flat(), ...alone]).toHaveLength(6);
  });
});

describe("vitrail index of vectors", () => {
  it("takes those of embed --out, whose search then finds what that of the pictures does", async () => {
    const [pictures, vectors] = [path("ix-pictures"), path("ix-vectors")];
    await run(["index", model, path("photos"), "--out", pictures]);
    await run(["embed", model, path("photos"), "--out", path("photos.parquet")]);
    const { code, out, notes } = await run(["index", model, path("photos.parquet"), "--out", vectors]);
    expect(code).toBe(0);
    expect(notes).toMatch(/^6 vectors taken over from/);
    expect(out).toMatch(/; 6 in /);
    const found = async (index: string) =>
      (await run(["search", index, path("photos", "coffee.png"), "--model", model, "--json"]))
        .json()[0]
        .hits.map(({ id, score }: { id: string; score: number }) => [id, score.toFixed(6)]);
    expect(await found(vectors)).toEqual(await found(pictures));
  });

  it("refuses those of another width and files without any, and leaves the index as it is", async () => {
    writeFileSync(path("narrow.jsonl"), '{"id":"a","embedding":[1,2]}\n');
    writeFileSync(path("none.jsonl"), '{"path":"a.jpg"}\n');
    const narrow = await run(["index", model, path("narrow.jsonl"), "--out", path("ix-narrow")]);
    expect([narrow.code, narrow.notes]).toEqual([1, expect.stringMatching(/search\/width/)]);
    const none = await run(["index", model, path("none.jsonl"), "--out", path("ix-narrow")]);
    expect([none.code, none.notes]).toEqual([2, expect.stringMatching(/input\/vectors/)]);
  });
});

describe("vitrail explain", () => {
  it("draws one picture and prints its patches' shares; of several it wants one named, and a place to write", async () => {
    const picture = path("photos", "coffee.png");
    const { code, json } = await run(["explain", model, picture, "--out", path("maps", "map.png"), "--json"]);
    expect(code).toBe(0);
    const { heat } = json();
    expect(heat.map((row: number[]) => row.length)).toEqual([4, 4, 4, 4]);
    expect(heat.flat().every((share: number) => share > 0 && share < 1)).toBe(true);
    expect(readFileSync(path("maps", "map.png")).subarray(1, 4).toString()).toBe("PNG");
    for (const [what, out] of [
      [path("photos"), path("maps", "all.png")],
      [picture, path("photos", "hopper.png", "map.png")],
    ] as const)
      expect((await run(["explain", model, what, "--out", out])).code).toBe(2);
  });
});

describe("a folder", () => {
  it("without pictures is wrong usage, and one whose pictures all fail gives an answer about none", async () => {
    mkdirSync(path("empty"));
    mkdirSync(path("all-broken"));
    writeFileSync(path("all-broken", "a.jpg"), "no picture");
    for (const argv of [
      ["index", model, path("empty"), "--out", path("ix-empty")],
      ["duplicates", model, path("empty")],
      ["cluster", model, path("empty")],
    ]) {
      const { code, notes } = await run(argv);
      expect(code).toBe(2);
      expect(notes).toMatch(/no JPEG, PNG, WebP or BMP files/);
    }
    for (const argv of [
      ["duplicates", model, path("all-broken")],
      ["cluster", model, path("all-broken")],
      ["cluster", model, path("all-broken"), "--count", "2"],
    ]) {
      const { code, json, notes } = await run([...argv, "--json", "--html", path("none.html")]);
      expect(code).toBe(1);
      expect(json().groups ?? json().clusters).toEqual([]);
      expect(notes).toMatch(/1 of 1 pictures failed and are left out/);
    }
  });
});

describe("vitrail embed --out", () => {
  it("writes the vectors of all pictures that can be read into one file", async () => {
    const { code, out, notes } = await run(["embed", model, path("photos"), "gone.jpg", "--out", path("v.npy")]);
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(notes).toMatch(/wrote 6 vectors/);
    expect(readFileSync(path("v.npy")).toString("latin1")).toContain("'shape': (6, 32)");
    expect((await run(["embed", model, path("photos"), "--out", path("v.csv")])).code).toBe(2);
  });
});
