import { expect, it, vi } from "vitest";
import { runForTest } from "../apps/cli/run-cli.testing.js";
import { tinyModel } from "./model-folder.testing.js";
import { checkVectorFile, writeVectors } from "./write-vectors.js";

// As where the package was never installed. What it writes is tested in write-vectors.test.ts.
vi.mock("hyparquet-writer", () => {
  throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
});

it("says what to install where the package that writes Parquet is missing, before any picture is read", async () => {
  const missing = { code: "input/not-installed", message: expect.stringContaining("npm install hyparquet-writer") };
  await expect(checkVectorFile("v.parquet")).rejects.toMatchObject(missing);
  await expect(writeVectors("v.parquet", [])).rejects.toMatchObject(missing);
  const { code, notes } = await runForTest(["embed", tinyModel("vit"), "never-read.jpg", "--out", "v.parquet"]);
  expect(code).toBe(1);
  expect(notes).toMatch(/npm install hyparquet-writer/);
  expect(notes).not.toMatch(/never-read/);
});
