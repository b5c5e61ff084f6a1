import { describe, expect, it, vi } from "vitest";
import { choosePlan } from "./kernel-plan.js";
import { canCompile, rankBlocks } from "./kernel-probe.js";
import { allowRelaxedSimd } from "./threads-node.js";

const revectorization = vi.hoisted(() => ({ isOn: false, works: true }));
const probed = vi.hoisted(() => ({ isFused: true }));
const machine = vi.hoisted(() => ({ architecture: "x64", v8: 11 }));
vi.mock("./threads-node.js", async (original) => ({
  ...(await original<typeof import("./threads-node.js")>()),
  runtime: () => machine,
  allowRevectorization: () => {
    revectorization.isOn = true;
    return true;
  },
  forbidRevectorization: () => {
    revectorization.isOn = false;
  },
}));
vi.mock("./kernel-probe.js", async (original) => {
  const probe = await original<typeof import("./kernel-probe.js")>();
  const rank: typeof probe.rankBlocks = (...given) => {
    if (revectorization.isOn && !revectorization.works) throw new Error("wrong numbers");
    return probe.rankBlocks(...given);
  };
  return { ...probe, rankBlocks: rank, isMultiplyAddFused: () => probed.isFused };
});

describe("choosePlan", () => {
  it.each([
    ["x64", 11],
    ["x64", 13],
    ["arm64", 13],
  ])("takes relaxed SIMD on %s and V8 %i, and a narrow block whose columns divide head sizes", (architecture, v8) => {
    Object.assign(machine, { architecture, v8 });
    const plan = choosePlan({ revectorize: false });
    expect(plan).toMatchObject({ instructions: "relaxed", multiplication: "relaxed", memory: "shared" });
    expect(16 % plan.narrow.columns).toBe(0);
    expect(revectorization.isOn).toBe(false);
  });

  it("only checks blocks where they were measured, which takes less than 20 ms", () => {
    Object.assign(machine, { architecture: "x64", v8: 11 });
    const best = Math.min(
      ...Array.from({ length: 5 }, () => {
        const start = performance.now();
        expect(choosePlan({ revectorize: false })).toMatchObject({
          wide: { rows: 3, columns: 12 },
          narrow: { rows: 2 },
        });
        return performance.now() - start;
      }),
    );
    expect(best).toBeLessThan(20);
  });

  it("pairs vectors when asked, in blocks for that", () => {
    expect(choosePlan({ revectorize: true })).toMatchObject({ instructions: "revectorized" });
    expect(revectorization.isOn).toBe(true);
  });

  it("goes without, and switches the flag off again, when the self-test fails with paired vectors", () => {
    revectorization.works = false;
    expect(choosePlan({ revectorize: true })).toMatchObject({ instructions: "relaxed" });
    expect(revectorization.isOn).toBe(false);
  });

  it("falls back to plain SIMD where there is no relaxed one, and says so where there is none", () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValueOnce(true).mockReturnValueOnce(false);
    expect(choosePlan({ revectorize: true })).toMatchObject({ instructions: "plain", multiplication: "plain" });
    validate.mockReturnValue(false);
    expect(() => choosePlan({ revectorize: false })).toThrow(expect.objectContaining({ code: "engine/no-simd" }));
    validate.mockRestore();
  });

  it("takes plain SIMD where multiply-add is not fused, as on x64 without AVX", () => {
    probed.isFused = false;
    expect(choosePlan({ revectorize: false })).toMatchObject({ instructions: "plain", multiplication: "plain" });
    probed.isFused = true;
  });

  it("says so where there is no WebAssembly at all, as under --jitless", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => choosePlan({ revectorize: false })).toThrow(expect.objectContaining({ code: "engine/no-simd" }));
    vi.unstubAllGlobals();
  });
});

describe("rankBlocks", () => {
  it("keeps every block that computes right, in some order", () => {
    const blocks = [
      { rows: 3, columns: 12 },
      { rows: 2, columns: 16 },
    ];
    expect(rankBlocks(blocks, "plain", "plain", 10)).toEqual(expect.arrayContaining(blocks));
  });

  it("refuses code that computes wrong numbers", () => {
    const instance = vi.spyOn(WebAssembly, "Instance").mockReturnValue({ exports: { probe: () => {} } });
    expect(() => rankBlocks([{ rows: 3, columns: 12 }], "plain", "plain", 0)).toThrow(
      expect.objectContaining({ code: "engine/self-test" }),
    );
    instance.mockRestore();
  });

  it("finds that a processor with AVX or NEON fuses multiply and add", async () => {
    const { isMultiplyAddFused } = await vi.importActual<typeof import("./kernel-probe.js")>("./kernel-probe.js");
    expect(isMultiplyAddFused("shared")).toBe(true);
  });

  it("finds that relaxed SIMD compiles once it is allowed", () => {
    allowRelaxedSimd();
    expect(canCompile("relaxed", "shared")).toBe(true);
    expect(canCompile("plain", "plain")).toBe(true);
  });
});
