import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeImage } from "../../../images/decode-image.js";
import { sniffFormat } from "../../../images/sniff-format.js";
import { tinyModel } from "../../../tasks/model-folder.testing.js";
import { runForTest as run } from "../run-cli.testing.js";

const photo = (name: string) => join(import.meta.dirname, "../../../../conformance/photos", name);
const golden = (name: string) =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../../conformance/goldens/services", `${name}.json`), "utf8"),
  );
const emotion = `emotion=${tinyModel("vit")}`;
const fast = ["--model", "short"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrail-faces-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
/** Some pictures in a folder of their own. */
function album(...names: string[]): string {
  mkdirSync(at("album/deep"), { recursive: true });
  for (const [index, name] of names.entries())
    cpSync(photo(name), at(index > 0 ? `album/deep/${name}` : `album/${name}`));
  return at("album");
}

describe("vitrail faces", () => {
  it("says of each face what was asked for, as text and as JSON", async () => {
    const argv = [
      "faces",
      photo("astronaut.png"),
      ...fast,
      "--attributes",
      emotion,
      "--attributes",
      `mood=${tinyModel("vit")}`,
    ];
    const { code, out } = await run(argv);
    expect(code).toBe(0);
    expect(out).toMatch(/1 face\n {2}score 0\.\d{3} .* {2}(\w+) \d+% {2}mood: \w+ \d+%$/);
    const [document] = (await run([...argv, "--json"])).json();
    expect(Object.keys(document)).toEqual(["file", "width", "height", "faces"]);
    expect(Object.keys(document.faces[0])).toEqual(["box", "score", "landmarks", "quality", "attributes"]);
    expect(Object.keys(document.faces[0].attributes)).toEqual(["emotion", "mood"]);
  });

  it("prints vectors only where they are asked for", async () => {
    const argv = ["faces", photo("astronaut.png"), ...fast, "--attributes", emotion, "--json"];
    const [document] = (await run([...argv, "--embed", "emotion"])).json();
    expect(Math.hypot(...document.faces[0].vector)).toBeCloseTo(1, 5);
    const [other] = (await run([...argv, "--embed", tinyModel("vit-bare")])).json();
    expect(other.faces[0].vector).toHaveLength(32);
  });

  it("takes a pattern that the shell did not expand, in the order of names", async () => {
    const pictures = album("coffee.png", "astronaut.png", "hopper.jpg");
    const { json } = await run(["faces", `${pictures}/**/*.png`, ...fast, "--json"]);
    expect(json().map(({ file }: { file: string }) => basename(file))).toEqual(["coffee.png", "astronaut.png"]);
    expect((await run(["faces", `${pictures}/*.gif`, ...fast])).code).toBe(2);
  });

  it("reads a picture from standard input, and marks that too", async () => {
    const argv = ["faces", "-", ...fast, "--format", "scaleflex", "--annotate", at("marked.png")];
    const { code, json } = await run(argv, { stdin: readFileSync(photo("hopper.png")) });
    expect(code).toBe(0);
    expect(Object.keys(json().faces)).toEqual(["face_0"]);
    expect(await decodeImage(readFileSync(at("marked.png")))).toMatchObject({ width: 128, height: 128 });
  });

  it("goes on past bad files, says which at the end, and exits with 1", async () => {
    const argv = ["faces", photo("hopper.png"), "gone.jpg", photo("hopper.gif"), photo("coffee.png"), ...fast];
    const { code, notes, out } = await run([...argv, "--jsonl", "--report", at("r.html")]);
    expect(code).toBe(1);
    const lines = out.split("\n").map((line) => JSON.parse(line));
    expect(lines.map((line) => line.error?.code ?? line.faces.length)).toEqual([
      1,
      "input/file-not-found",
      expect.stringMatching(/^image\//),
      0,
    ]);
    expect(notes).toMatch(/\n2 of 4 pictures failed:\n {2}gone\.jpg\n {2}.*hopper\.gif$/);
    expect(readFileSync(at("r.html"), "utf8")).toMatch(/2 pictures could not be read/);
  });

  it("leaves out an attribute that fails, where that was asked for", async () => {
    const argv = [
      "faces",
      photo("astronaut.png"),
      ...fast,
      "--attributes",
      emotion,
      "--attributes",
      "age=/no/such/model",
    ];
    const strict = await run(argv);
    expect(strict.code).toBe(3);
    expect(strict.notes).toMatch(/Attribute "age"/);
    const { code, json, notes } = await run([...argv, "--on-error", "skip", "--json"]);
    expect(code).toBe(0);
    expect(json()[0].failures.age.code).toBe("input/not-found");
    expect(Object.keys(json()[0].faces[0].attributes)).toEqual(["emotion"]);
    expect(notes).toMatch(/skipped: Attribute "age"/);
  });
});

describe("vitrail faces --format", () => {
  const argv = ["faces", photo("astronaut.png"), ...fast, "--attributes", emotion];
  /** The names of an answer's fields, in their order, and the kinds of their values. */
  const formOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(formOf);
    if (typeof value !== "object" || value === null) return typeof value;
    return Object.entries(value).map(([name, entry]) => [name, formOf(entry)]);
  };

  it("smartclick gives the sample's form, from a model without a name, which is for emotions", async () => {
    const unnamed = ["faces", photo("astronaut.png"), ...fast, "--attributes", tinyModel("vit")];
    const { json } = await run([...unnamed, "--format", "smartclick"]);
    expect(formOf(json())).toEqual(formOf(golden("smart-click")));
  });

  it("scaleflex gives the sample's form, as far as attributes were asked for, and tells where the marked picture is", async () => {
    const { json } = await run([...argv, "--format", "scaleflex", "--annotate", at("marked.jpg")]);
    const { races, dominant_race, age, gender, ...face } = golden("scaleflex").faces.face_0;
    expect(formOf(json())).toEqual(formOf({ ...golden("scaleflex"), faces: { face_0: face } }));
    expect(json()).toMatchObject({ file_downloaded: "astronaut.png", result: at("marked.jpg") });
  });

  it.each(["face-api", "deepface"])("%s is JSON too", async (format) => {
    const { json } = await run([...argv, "--format", format, "--embed", "emotion"]);
    expect(json()).toHaveLength(1);
  });

  it("of several pictures names each answer's file, as one document or as lines", async () => {
    const many = [
      "faces",
      photo("astronaut.png"),
      photo("coffee.png"),
      ...fast,
      "--attributes",
      emotion,
      "--format",
      "smartclick",
    ];
    const { json } = await run(many);
    expect(json().map(({ answer }: { answer: unknown[] }) => answer.length)).toEqual([1, 0]);
    const lines = (await run([...many, "--jsonl"])).out.split("\n").map((line) => JSON.parse(line));
    expect(lines).toEqual(json());
  });
});

describe("pictures that vitrail faces writes", () => {
  it("marks one picture in a file, several in a folder under their own names", async () => {
    const argv = ["faces", photo("astronaut.png"), ...fast];
    expect((await run([...argv, "--annotate", at("one.jpeg")])).code).toBe(0);
    expect(sniffFormat(readFileSync(at("one.jpeg")))).toBe("jpeg");
    const pictures = album("astronaut.png", "hopper.jpg");
    cpSync(photo("hopper.jpg"), join(pictures, "hopper.jpg"));
    expect((await run(["faces", pictures, ...fast, "--annotate", at("marked")])).code).toBe(0);
    expect(readdirSync(at("marked")).sort()).toEqual(["astronaut.png", "hopper-2.jpg", "hopper.jpg"]);
  });

  it("hides faces, so that none is found again", async () => {
    const { code } = await run([
      "faces",
      photo("astronaut.png"),
      ...fast,
      "--redact",
      at("hidden.png"),
      "--redact-mode",
      "fill",
    ]);
    expect(code).toBe(0);
    expect(await decodeImage(readFileSync(at("hidden.png")))).toMatchObject({ width: 512, height: 512 });
    expect((await run(["faces", at("hidden.png"), ...fast])).out).toMatch(/0 faces/);
  });

  it("groups the faces of a folder and shows them on a sheet and in a report", async () => {
    const pictures = album("astronaut.png", "hopper.png", "astronaut_gray.jpg", "coffee.png");
    const argv = ["faces", pictures, ...fast, "--attributes", emotion, "--cluster", "0.99", "--count"];
    const { json, code } = await run([
      ...argv,
      "--json",
      "--contact-sheet",
      at("sheet.jpg"),
      "--report",
      at("faces.html"),
    ]);
    expect(code).toBe(0);
    expect(Object.keys(json())).toEqual(["pictures", "count", "threshold", "clusters"]);
    expect(json().count).toEqual({ pictures: 4, faces: 3, withFaces: 3 });
    expect(json().clusters.flat()).toHaveLength(3);
    expect(json().pictures[0].faces[0].vector).toBeUndefined();
    expect((await decodeImage(readFileSync(at("sheet.jpg")))).width).toBe(12 * 100 + 4);
    const page = readFileSync(at("faces.html"), "utf8");
    expect(page).toMatch(/Groups of similar faces/);
    expect(page).toMatch(/What these answers are not/);
    const text = (await run(argv)).out;
    expect(text).toMatch(/^3 faces in 3 of 4 pictures$/m);
    expect(text).toMatch(/^group 1 {2}.*#1/m);
  });
});

describe("an answer that can't be given", () => {
  it("is that picture's failure, not the end", async () => {
    const bad = `emotion=${tinyModel("eva-wrapper")}`;
    const pictures = [photo("astronaut.png"), photo("coffee.png")];
    const argv = ["faces", ...pictures, ...fast, "--attributes", bad, "--on-error", "skip", "--format", "smartclick"];
    const { code, json } = await run(argv);
    expect(code).toBe(1);
    expect(json()[0].error.code).toBe("input/attribute-missing");
    expect(json()[1].answer).toEqual([]);
  });
});

describe("a last word that can't be given", () => {
  it("does not lose what is known of each picture", async () => {
    const bad = `emotion=${tinyModel("eva-wrapper")}`;
    const argv = [
      "faces",
      photo("astronaut.png"),
      ...fast,
      "--attributes",
      bad,
      "--on-error",
      "skip",
      "--cluster",
      "--json",
    ];
    const { code, json, notes } = await run(argv);
    expect(json()[0].faces).toHaveLength(1);
    expect(notes).toMatch(/no vector/);
    expect(code).toBe(1);
  });
});

describe("what vitrail faces refuses before any work", () => {
  const one = photo("coffee.png");
  it.each([
    ["an attribute without a model", ["--attributes", "emotion"]],
    ["an attribute given twice", ["--attributes", emotion, "--attributes", emotion]],
    ["SmartClick's form without emotions", ["--format", "smartclick"]],
    ["groups without vectors", ["--cluster"]],
    ["a way of hiding, with nothing to hide", ["--redact-mode", "fill"]],
    ["a picture of another kind", ["--annotate", "marked.gif"]],
    ["a sheet of another kind", ["--contact-sheet", "sheet.pdf"]],
    ["a place that is no folder", ["--report", join(one, "faces.html")]],
    ["an unknown detector", ["--model", "best"]],
    ["a threshold out of range", ["--attributes", emotion, "--cluster", "7"]],
  ])("%s", async (_what, argv) => {
    const { code, out } = await run(["faces", one, ...argv]);
    expect(code).toBe(2);
    expect(out).toBe("");
  });

  it("a picture for the copies of several, and a copy over its own picture", async () => {
    const two = ["faces", one, photo("rocket.jpg"), ...fast];
    expect((await run([...two, "--annotate", at("x.png")])).code).toBe(2);
    expect(existsSync(at("x.png"))).toBe(false);
    cpSync(one, at("own.png"));
    expect((await run(["faces", at("own.png"), "--redact", at("own.png"), ...fast])).code).toBe(2);
    expect(readFileSync(at("own.png"))).toEqual(readFileSync(one));
  });
});
