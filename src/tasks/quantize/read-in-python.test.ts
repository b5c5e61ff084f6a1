import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tinyModel } from "../model-folder.testing.js";
import { SERVERS_PYTHON, whyNoServers } from "../search/real-server.testing.js";
import { quantize } from "./quantize.js";

const SCRIPT = join(import.meta.dirname, "../../../tools/reference/read_quantized.py");
const PICTURES = join(import.meta.dirname, "../../../conformance/pictures");

describe.skipIf(whyNoServers)(`Python with safetensors${whyNoServers ? ` (${whyNoServers})` : ""}`, () => {
  it("reads int8 weights and scales, whose products are near the original's", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vitrail-python-"));
    try {
      const out = join(folder, "int8");
      const { layers } = await quantize(tinyModel("vit"), { calibrate: PICTURES, out, engines: [] });
      const printed = execFileSync(SERVERS_PYTHON, [SCRIPT, out, tinyModel("vit")], { encoding: "utf8" }).trim();
      const found = new Map(printed.split("\n").map((line) => line.split(" ") as [string, string]));
      expect([...found.keys()].sort()).toEqual(layers.map(({ name }) => `${name}.weight`).sort());
      for (const distance of found.values()) expect(Number(distance)).toBeLessThan(0.01);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
