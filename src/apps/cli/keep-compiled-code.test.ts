import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const isThere = Number(process.versions.node.split(".")[0]) >= 22;

describe("keepCompiledCode", () => {
  let folder: string;
  let program: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vitrail-code-"));
    program = join(folder, "program.mjs");
    buildSync({
      entryPoints: [fileURLToPath(new URL("keep-compiled-code.ts", import.meta.url))],
      outfile: join(folder, "keep.mjs"),
      format: "esm",
    });
    writeFileSync(join(folder, "imported.mjs"), "export const answer = 42;");
    writeFileSync(
      program,
      'import { keepCompiledCode } from "./keep.mjs"; keepCompiledCode(); console.log((await import("./imported.mjs")).answer);',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (environment: Record<string, string>) =>
    spawnSync(process.execPath, [program], { encoding: "utf8", env: { ...environment, HOME: folder } });

  it.skipIf(!isThere)("keeps code in the user's cache, or where the environment says (skipped before Node 22)", () => {
    run({});
    expect(readdirSync(join(folder, ".cache/vitrail"))).toHaveLength(1);
    run({ XDG_CACHE_HOME: join(folder, "xdg") });
    expect(readdirSync(join(folder, "xdg/vitrail"))).toHaveLength(1);
    run({ NODE_COMPILE_CACHE: join(folder, "own") });
    expect(readdirSync(join(folder, "own"))).toHaveLength(1);
    run({ XDG_CACHE_HOME: join(folder, "none"), NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it("goes on where nothing can be kept", () => {
    writeFileSync(join(folder, "file"), "");
    const { status, stdout } = run({ XDG_CACHE_HOME: join(folder, "file") });
    expect([status, stdout]).toEqual([0, "42\n"]);
  });
});
