import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyModel } from "../../tasks/model-folder.testing.js";
import { runForTest } from "./run-cli.testing.js";

const root = join(import.meta.dirname, "../../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const section = readme.slice(readme.indexOf("## A head of your own"));
const commands = section.match(/(?<=^npx vitrail ).*$/gm)!.slice(0, 4);

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "vitrail-readme-"));
});
afterAll(() => rmSync(out, { recursive: true }));

describe("the README's way from a folder of pictures to a head and a search page", () => {
  it.each(commands)("vitrail %s (here with a tiny model)", async (command) => {
    const words = command.split(" ").map((word) => {
      if (word.startsWith("weights/")) return tinyModel("vit");
      if (word.startsWith("out/")) return join(out, word.slice("out/".length));
      return word.startsWith("conformance/") ? join(root, word) : word;
    });
    const { code, notes } = await runForTest(words);
    expect(code, notes).toBe(0);
    for (const [i, word] of words.entries())
      if (["--out", "--report", "--html"].includes(words[i - 1]!)) expect(existsSync(word)).toBe(true);
  });
});
