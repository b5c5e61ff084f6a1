import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { packageFile } from "./package-file.js";

it("finds what ships beside package.json", () => {
  expect(existsSync(packageFile("weights/blazeface/short.safetensors"))).toBe(true);
  expect(packageFile("package.json").href).toBe(new URL("../../package.json", import.meta.url).href);
});
