import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const src = import.meta.dirname;
const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts"));

/** Which rooms a room may import from, besides itself. A door (`index.ts`, `exports/`) re-exports from anywhere. */
const MAY_IMPORT: Record<string, string[]> = {
  errors: [],
  io: ["errors"],
  images: ["errors"],
  ops: ["errors"],
  backend: ["errors", "ops"],
  nn: ["errors", "ops"],
  models: ["errors", "io", "nn", "ops"],
  tasks: ["errors", "io", "images", "backend", "models"],
  apps: ["errors", "backend", "tasks", "io", "images", "models"],
};
/** Rooms that read bytes and pixels stay free of tensors. */
const NO_TENSORS = new Set(["errors", "io", "images"]);
/** Only an app may talk to the terminal or to the network's server side. */
const ONLY_APPS = /\bconsole\.|\bprocess\.(exit|stdout|stderr|argv)|from "node:http"/;

const isDoor = (file: string) => file === "index.ts" || file.startsWith("exports/");
const isTest = (file: string) => file.endsWith(".test.ts") || file.includes(".testing");
const roomOf = (path: string) =>
  relative(src, path)
    .split("/")[0]!
    .replace(/\.[jt]s$/, "");
const imports = (text: string) => [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);

describe.each(files.filter((file) => !isDoor(file) && !isTest(file)))("src/%s", (file) => {
  const text = readFileSync(join(src, file), "utf8");
  const own = roomOf(join(src, file));

  it("imports only what its room may", () => {
    for (const target of imports(text).filter((name) => name.startsWith(".")))
      expect([own, ...(MAY_IMPORT[own] ?? [])]).toContain(roomOf(resolve(dirname(join(src, file)), target)));
    if (NO_TENSORS.has(own)) expect(imports(text).filter((name) => name.startsWith("@tensorflow/"))).toEqual([]);
  });

  it("leaves the terminal to the apps", () => {
    if (own !== "apps") expect(text).not.toMatch(ONLY_APPS);
  });

  it("has at most 400 lines", () => {
    expect(text.split("\n").length).toBeLessThanOrEqual(400);
  });
});

describe.each(files.filter(isDoor))("src/%s", (file) => {
  it("re-exports and does nothing else", () => {
    const statements = readFileSync(join(src, file), "utf8")
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
      .split(";")
      .map((statement) => statement.trim())
      .filter(Boolean);
    for (const statement of statements) expect(statement).toMatch(/^export (type )?\{[\s\S]*\} from "[^"]+"$/);
  });
});
