import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Entry {
  file: string;
  bytes: number;
  sha256: string;
  source: string;
  license: string;
  madeBy: string;
}
const weights = new URL("../weights/", import.meta.url);
const { files } = JSON.parse(readFileSync(new URL("manifest.json", weights), "utf8")) as { files: Entry[] };

describe("weights/manifest.json", () => {
  it("lists every safetensors file in weights, and no other", () => {
    const found = readdirSync(weights, { recursive: true }).map(String);
    expect(files.map(({ file }) => file).sort()).toEqual(found.filter((file) => file.endsWith(".safetensors")).sort());
  });

  it.each(files)(
    "has the size, hash, source and licence of $file",
    ({ file, bytes, sha256, source, license, madeBy }) => {
      const content = readFileSync(new URL(file, weights));
      expect(content.length).toBe(bytes);
      expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
      for (const statement of [source, license, madeBy]) expect(statement).toMatch(/\w/);
    },
  );
});
