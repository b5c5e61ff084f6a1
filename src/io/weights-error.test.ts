import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WEIGHTS_CODES, weightsError } from "./weights-error.js";

it.each(Object.keys(WEIGHTS_CODES))("%s stands in docs/formats/safetensors.md", (code) => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/formats/safetensors.md"), "utf8");
  expect(page).toContain(`\`${code}\``);
});

it("keeps a hostile file name on one short line", () => {
  const { message, details } = weightsError("weights/not-json", `a\n\u001b[31m${"x".repeat(1000)}`, "is broken.");
  expect(message).toMatch(/^"a\\n\\u001b\[31mx+\.\.\." is broken\.$/);
  expect(message.length).toBeLessThan(200);
  expect(details.file).toHaveLength(1007);
});
