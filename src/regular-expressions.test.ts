import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, Script } from "node:vm";
import ts from "typescript";
import { expect, it } from "vitest";

const LENGTH = 100_000;
/** A regular expression may take this long on a text of 100,000 characters, in milliseconds. */
const MOST_MS = 10;
/** After this it is not waited for. */
const HOPELESS_MS = 1_000;
/** Another try, where the machine may have been busy. */
const TRIES = 5;

interface Found {
  place: string;
  source: string;
  flags: string;
}

/** Every regular expression that is written in a file. */
function expressionsOf(path: string): Found[] {
  const file = ts.createSourceFile(path, readFileSync(join("src", path), "utf8"), ts.ScriptTarget.Latest);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push({ place: `${path}:${line + 1}`, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/**
 * Texts at which backtracking takes longest: what an expression repeats, over and over, and then something that it does not want. They are made of the
 * characters that stand in it, one by one and in pairs, and of those of its classes.
 */
function worstTexts(source: string): string[] {
  const literal = source.replace(/\\[dwsbDWSB]|\\u[\da-f]{4}|\\x[\da-f]{2}|[\\^$.*+?()[\]{}|]/gi, "");
  const letters = [...new Set([...literal, ..."a0 \n\t/.-_=,;:\"'"])].slice(0, 40);
  const pieces = [...letters];
  for (let i = 0; i + 1 < literal.length; i++) pieces.push(literal.slice(i, i + 2), literal.slice(i, i + 4));
  return [...new Set(pieces)].flatMap((piece) => {
    const text = piece.repeat(Math.ceil(LENGTH / piece.length)).slice(0, LENGTH);
    return [text, `${text}\u0000`, `${literal}${text}\u0000`];
  });
}

/** Only what runs in a context of its own can be given up. */
const context = createContext({ source: "", flags: "", text: "" });
const match = new Script("new RegExp(source, flags).exec(text)");

/** The least of some tries, in milliseconds. */
function millisecondsOf({ source, flags }: Found, text: string): number {
  Object.assign(context, { source, flags, text });
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && least > MOST_MS; tries++) {
    const start = performance.now();
    try {
      match.runInContext(context, { timeout: HOPELESS_MS });
    } catch {
      return Number.POSITIVE_INFINITY;
    }
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const isSlow = (found: Found) => worstTexts(found.source).find((text) => millisecondsOf(found, text) > MOST_MS);

it.each([
  ["nested repetition", "^(a+)+$"],
  ["a repetition that may begin anywhere", " +x"],
])("knows %s for slow", (_, source) => {
  expect(isSlow({ place: "", source, flags: "" })).toBeDefined();
});

it("matches every regular expression of src against 100,000 characters of its worst within 10 ms", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.ts$/.test(path) && !/\.(test|testing)\.ts$/.test(path),
  );
  const all = files.flatMap(expressionsOf);
  expect(all.length).toBeGreaterThan(50);
  const slow = all.flatMap((found) => {
    const text = isSlow(found);
    return text === undefined ? [] : [`${found.place} /${found.source}/ at ${JSON.stringify(text.slice(0, 40))}`];
  });
  expect(slow).toEqual([]);
}, 60_000);
