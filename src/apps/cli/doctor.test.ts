import { beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../backend/engine.js";
import type { Diagnosis } from "../../tasks/diagnose.js";
import { runCli } from "./program.js";
import type { Terminal } from "./terminal.js";

async function run(...argv: string[]) {
  const out: string[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    note: () => {},
    progress: () => ({ update() {}, end() {} }),
    readStdin: async () => new Uint8Array(),
    signal: new AbortController().signal,
  };
  return { code: await runCli(["doctor", ...argv], terminal, "0.0.0"), out: out.join("\n") };
}

describe("vitrail doctor", () => {
  let diagnosis: Diagnosis;
  beforeAll(async () => {
    diagnosis = JSON.parse((await run("--json")).out);
  });

  it("tries every engine, and gives a speed or a reason for each", () => {
    expect(diagnosis.engines.map(({ engine }) => engine)).toEqual([...ENGINES]);
    for (const check of diagnosis.engines)
      if (check.works) expect(check.gigaflops).toBeGreaterThan(0);
      else expect(check).toMatchObject({ code: "engine/not-installed", reason: expect.stringMatching(/npm install/) });
  });

  it("finds our own engine faster than TF.js's plain JavaScript", () => {
    const speed = (name: string) => {
      const check = diagnosis.engines.find(({ engine }) => engine === name)!;
      return check.works ? check.gigaflops : Number.NaN;
    };
    expect(speed("vitrail")).toBeGreaterThan(4 * speed("cpu"));
  });

  it("knows the machine and what its JavaScript engine has", () => {
    expect(diagnosis).toMatchObject({
      node: process.versions.node,
      features: { sharedMemory: true, simd: true, relaxedSimd: true },
      automatic: { engine: "vitrail", kernels: "fused" },
    });
    expect(diagnosis.memory.total).toBeGreaterThan(diagnosis.memory.process);
  });

  it("says the same to people, and exits with 0 where our engine works", async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    for (const part of [/^Node +\d+\./m, /^SIMD +relaxed/m, /"auto" takes "vitrail"/, /^ +vitrail +ok .*GFLOP\/s/m])
      expect(out).toMatch(part);
    expect(out).toMatch(/^ +tensorflow +no .*npm install @tensorflow\/tfjs-node$/m);
  });
});
