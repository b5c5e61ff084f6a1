import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeImage } from "../../images/decode-image.js";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { runForTest as run } from "./run-cli.testing.js";

const PHOTOS = join(import.meta.dirname, "../../../conformance/photos");
const photo = (name: string) => join(PHOTOS, name);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("vitrail classify", () => {
  it("prints each picture with its labels, best first", async () => {
    const { code, out } = await run(["classify", tinyModel("vit"), photo("hopper.png"), "--top-k", "2"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(3);
    expect(out).toMatch(/^ +0\.\d{4} {2}\w+$/m);
  });

  it("prints one JSON document, or a line of JSON for each picture", async () => {
    const pictures = [photo("hopper.png"), photo("rocket.jpg")];
    const { json } = await run(["classify", tinyModel("vit"), ...pictures, "--json"]);
    expect(json().map(({ file }: { file: string }) => file)).toEqual(pictures);
    expect(json()[0].labels).toHaveLength(7);
    const lines = (await run(["classify", tinyModel("vit"), ...pictures, "--jsonl"])).out.split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(json());
  });

  it("goes on past a broken picture, says which, and exits with 1", async () => {
    const { code, notes, json } = await run(["classify", tinyModel("vit"), "gone.jpg", photo("hopper.png"), "--json"]);
    expect(code).toBe(1);
    expect(json().map((entry: object) => Object.keys(entry))).toEqual([
      ["file", "error"],
      ["file", "labels"],
    ]);
    expect(json()[0].error.code).toBe("input/file-not-found");
    expect(notes).toMatch(/gone\.jpg/);
    expect(notes).toMatch(/1 of 2 pictures failed/);
  });

  it("reads a picture from standard input and the pictures of a folder", async () => {
    const stdin = readFileSync(photo("hopper.png"));
    cpSync(photo("hopper.png"), join(folder, "b.png"));
    cpSync(photo("hopper.jpg"), join(folder, "a.jpg"));
    writeFileSync(join(folder, "notes.txt"), "no picture");
    const { json } = await run(["classify", tinyModel("vit"), "-", folder, "--json"], { stdin });
    expect(json().map(({ file }: { file: string }) => file)).toEqual([
      "-",
      join(folder, "a.jpg"),
      join(folder, "b.png"),
    ]);
    expect(json()[0].labels).toEqual(json()[2].labels);
  });
});

describe("vitrail embed", () => {
  it("prints vectors as JSON", async () => {
    const { json } = await run(["embed", tinyModel("vit-pooler"), photo("hopper.png"), "--pool", "pooler", "--json"]);
    expect(json()[0].embedding).toHaveLength(32);
    expect(Math.hypot(...json()[0].embedding)).toBeCloseTo(1, 5);
  });
});

describe("vitrail faces", () => {
  it("finds the face of a portrait and writes the picture with it marked", async () => {
    const annotated = join(folder, "marked.png");
    const { code, json } = await run(["faces", photo("astronaut.png"), "--annotate", annotated, "--json"]);
    expect(code).toBe(0);
    expect(json()[0].faces).toHaveLength(1);
    const { box } = json()[0].faces[0];
    const { data, width, height } = await decodeImage(readFileSync(annotated));
    expect([width, height]).toEqual([512, 512]);
    const corner = (Math.round(box.y) * width + Math.round(box.x)) * 3;
    expect([...data.subarray(corner, corner + 3)]).toEqual([0, 220, 90]);
  });

  it("says that a picture without faces has none, which is no failure", async () => {
    const { code, out } = await run(["faces", photo("coffee.png")]);
    expect(code).toBe(0);
    expect(out).toMatch(/0 faces/);
  });
});

describe("vitrail inspect", () => {
  it("shows what a checkpoint is", async () => {
    const { code, out } = await run(["inspect", tinyModel("vit")]);
    expect(code).toBe(0);
    for (const part of [
      /2 blocks, width 32, 2 heads/,
      /32 x 32 in patches of 8 x 8/,
      /F32/,
      /7: sad, disgust/,
      /sha256 [0-9a-f]{64}/,
    ])
      expect(out).toMatch(part);
  });

  it("says what models of faces can't know, and nothing of others", async () => {
    expect((await run(["inspect", tinyModel("vit")])).out).toMatch(
      /^limitation +Emotion: a label for how a face looks/m,
    );
    expect((await run(["inspect", tinyModel("eva-wrapper")])).out).not.toMatch(/limitation/);
    expect((await run(["inspect", tinyModel("vit"), "--json"])).json().limitations).toHaveLength(2);
  });

  it("gives the same facts as JSON", async () => {
    const { json } = await run(["inspect", tinyModel("eva-wrapper"), "--json"]);
    expect(json()).toMatchObject({ name: "eva02_base_patch14_448", labels: ["neutral", "low", "medium", "high"] });
    expect(json().preprocessing.centerCrop).toMatchObject({ height: 40, width: 40 });
  });
});

describe("vitrail verify", () => {
  const golden = (name: string) => join(import.meta.dirname, "../../../conformance/goldens", name);

  it("passes a checkpoint against its reference", async () => {
    const { code, out } = await run(["verify", tinyModel("vit"), "--golden", golden("vit")]);
    expect(out).toMatch(/^hidden\.2 .*\n(.*\n)*logits/m);
    expect(out).toMatch(/^ok: /m);
    expect(code).toBe(0);
  });

  it("exits with 4 when the numbers are another model's", async () => {
    const { code, out } = await run(["verify", tinyModel("vit-f16"), "--golden", golden("vit")]);
    expect(out).toMatch(/misses/);
    expect(code).toBe(4);
  });

  it("says how to write a reference when there is none", async () => {
    const { code, notes } = await run(["verify", tinyModel("vit")]);
    expect(notes).toMatch(/input\/golden.*make_golden/s);
    expect(code).toBe(1);
  });
});

describe("exit codes", () => {
  it.each([
    ["help", ["--help"], 0],
    ["the version", ["--version"], 0],
    ["help of a command", ["classify", "--help"], 0],
    ["no command", [], 2],
    ["an unknown command", ["paint"], 2],
    ["an unknown option", ["classify", "m", "p", "--colour"], 2],
    ["a missing argument", ["classify", "m"], 2],
    ["a number that is none", ["classify", tinyModel("vit"), "p", "--top-k", "many"], 2],
    ["a number out of range", ["classify", tinyModel("vit"), photo("hopper.png"), "--top-k", "0"], 2],
    ["two formats at once", ["classify", "m", "p", "--json", "--jsonl"], 2],
    ["no such model", ["classify", "no/such/model", photo("hopper.png")], 3],
    ["a folder that is no model", ["inspect", PHOTOS], 3],
  ])("%s: %s gives %i", async (_what, argv, wanted) => {
    expect((await run(argv)).code).toBe(wanted);
  });

  it("an interruption gives 130", async () => {
    const { code } = await run(["classify", tinyModel("vit"), photo("hopper.png")], { signal: AbortSignal.abort() });
    expect(code).toBe(130);
  });

  it("an error is a sentence with its code; where it came from is told with --verbose only", async () => {
    const plain = await run(["inspect", "no/such/model"]);
    expect(plain.notes).toMatch(/^error \(input\/not-found\): There is no folder "no\/such\/model"/);
    expect(plain.notes).not.toMatch(/ at /);
    expect((await run(["--verbose", "inspect", "no/such/model"])).notes).toMatch(/\n +at /);
  });
});
