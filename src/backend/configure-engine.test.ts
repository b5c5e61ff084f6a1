import { removeBackend } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { configureEngine, isRevectorizationAsked } from "./configure-engine.js";
import { registerVitrailBackend } from "./register-backend.js";
import { BACKEND_NAME } from "./vitrail-backend.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

// In order: what is configured holds for the process.
describe("configureEngine", () => {
  it("is not needed: the environment may ask, and else vectors stay single", () => {
    vi.stubEnv("VITRAIL_REVECTORIZE", undefined);
    expect(isRevectorizationAsked()).toBe(false);
    vi.stubEnv("VITRAIL_REVECTORIZE", "1");
    expect(isRevectorizationAsked()).toBe(true);
  });

  it.each([
    ["paired", true],
    ["single", false],
  ] as const)("%s vectors count more than the environment", (vectors, asked) => {
    vi.stubEnv("VITRAIL_REVECTORIZE", asked ? "0" : "1");
    configureEngine({ vectors });
    expect(isRevectorizationAsked()).toBe(asked);
  });

  it.each([undefined, null, {}, { vectors: "double" }, "paired"])("refuses %j, which is no setting", (wrong) => {
    expect(() => configureEngine(wrong as never)).toThrow(expect.objectContaining({ code: "input/option" }));
  });

  it("refuses when the engine has started", () => {
    registerVitrailBackend({ threads: 1 });
    expect(() => configureEngine({ vectors: "paired" })).toThrow(
      expect.objectContaining({ code: "input/engine-started" }),
    );
    removeBackend(BACKEND_NAME);
  });
});
