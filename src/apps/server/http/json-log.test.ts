import { expect, it } from "vitest";
import { jsonLog } from "./json-log.js";

const POISON = ["a\r\nb", "\u001b[31mred", "a\u2028b\u2029c", "\u0085\u009b", "x".repeat(1_000_000), '"}{"', "\0"];

it.each(POISON.map((text) => [text.slice(0, 12), text]))("writes %j as one JSON line of at most 8 kB", (_, text) => {
  const lines: string[] = [];
  jsonLog((line) => lines.push(line)).info({ path: text, route: text, code: text }, text);
  const [line] = lines;
  expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(Buffer.byteLength(line!)).toBeLessThanOrEqual(8_192);
  expect(JSON.parse(line!)).toMatchObject({ level: 30, path: text.slice(0, 1_500), msg: text.slice(0, 1_500) });
});

it("says in its place that a line was too long", () => {
  const lines: string[] = [];
  jsonLog((line) => lines.push(line)).error({ a: "\0".repeat(1_500) }, "x");
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 50, msg: "(too long)" });
});
