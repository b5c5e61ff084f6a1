import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeEngine, useEngine } from "../engine.js";
import { PeerPackages } from "./peer-packages.js";

const CORE = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/package.json"));

/** A user's project, with stand-ins for the packages that it has installed. */
let project: string;
let packages: PeerPackages;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "vitrail-project-"));
  packages = new PeerPackages(() => [join(project, "package.json")]);
});
afterEach(async () => {
  await useEngine({ engine: "cpu" });
  for (const name of ["tensorflow", "webgpu"]) if (tf.findBackendFactory(name)) tf.removeBackend(name);
  rmSync(project, { recursive: true });
});

function install(name: string, code: string, { ownCore = false } = {}) {
  const folder = join(project, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "4.22.0", main: "index.cjs" }));
  writeFileSync(join(folder, "index.cjs"), code);
  const core = join(ownCore ? folder : project, "node_modules/@tensorflow/tfjs-core");
  mkdirSync(dirname(core), { recursive: true });
  if (ownCore) {
    mkdirSync(core);
    writeFileSync(join(core, "package.json"), JSON.stringify({ name: "@tensorflow/tfjs-core", version: "4.10.0" }));
    writeFileSync(join(core, "index.js"), "");
  } else rmSync(core, { force: true });
  if (!ownCore) symlinkSync(CORE, core);
}

/** Registers a backend that computes as TF.js's plain JavaScript one does. `body` changes it. */
const backendCode = (name: string, body = "") => `
  const tf = require("@tensorflow/tfjs-core");
  const backend = Object.create(tf.findBackend("cpu"));
  ${body}
  if (!tf.getKernel("Erf", "${name}"))
    for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "${name}" });
  tf.registerBackend("${name}", () => backend);
`;
const TFJS_NODE = "@tensorflow/tfjs-node";
const TFJS_NODE_GPU = "@tensorflow/tfjs-node-gpu";

/** Dawn with an adapter, or none. */
const dawn = (info: object | null) => `
  exports.globals = { GPUStandIn: class {} };
  exports.create = () => ({ requestAdapter: async () => (${info ? `{ info: ${JSON.stringify(info)} }` : "null"}) });
`;

describe("an engine asked for by name", () => {
  it.each([
    ["tensorflow", TFJS_NODE],
    ["tensorflow-gpu", TFJS_NODE_GPU],
    ["webgpu", "webgpu"],
    ["wasm", "@tensorflow/tfjs-backend-wasm"],
  ] as const)('"%s" says in one line how to install %s where it is missing', async (engine, name) => {
    const error = await useEngine({ engine }, packages).catch((reason) => reason);
    expect(error).toMatchObject({ name: "EngineError", code: "engine/not-installed", details: { package: name } });
    expect(error.message).toMatch(new RegExp(`npm install .*${name}`));
    expect(error.message).not.toContain("\n");
  });

  it("runs, and is described", async () => {
    install(TFJS_NODE, backendCode("tensorflow"));
    await useEngine({ engine: "tensorflow" }, packages);
    expect(tf.getBackend()).toBe("tensorflow");
    expect(describeEngine()).toMatchObject({
      engine: "tensorflow",
      simd: "native",
      kernels: "composition",
      skipped: [],
    });
  });

  it("is not loaded again where the program has loaded it already", async () => {
    install(TFJS_NODE, backendCode("tensorflow"));
    await useEngine({ engine: "tensorflow" }, packages);
    await useEngine({ engine: "cpu" }, packages);
    await useEngine({ engine: "tensorflow" }, new PeerPackages(() => []));
    expect(tf.getBackend()).toBe("tensorflow");
  });

  it("that does not start says why, with the cause", async () => {
    install(TFJS_NODE, 'throw new Error("The native addon module can not be found.\\nSecond line");');
    const error = await useEngine({ engine: "tensorflow" }, packages).catch((reason) => reason);
    expect(error).toMatchObject({
      code: "engine/failed",
      details: { reason: "The native addon module can not be found" },
    });
    expect(error.cause.message).toMatch(/Second line/);
  });

  it("that computes wrong numbers is refused", async () => {
    const wrong = "backend.read = async () => new Float32Array(55).fill(0.09);";
    install(TFJS_NODE, backendCode("tensorflow", wrong));
    await expect(useEngine({ engine: "tensorflow" }, packages)).rejects.toMatchObject({
      code: "engine/failed",
      message: expect.stringContaining("wrong numbers"),
    });
  });

  it("with a TF.js of its own is refused, with both versions' way out", async () => {
    install(TFJS_NODE, backendCode("tensorflow"), { ownCore: true });
    const error = await useEngine({ engine: "tensorflow" }, packages).catch((reason) => reason);
    expect(error).toMatchObject({ code: "engine/two-cores", details: { core: { version: "4.10.0" } } });
    expect(error.message).toMatch(/npm dedupe/);
  });

  it('"tensorflow-gpu" without a GPU is refused', async () => {
    install(TFJS_NODE_GPU, backendCode("tensorflow", "backend.isUsingGpuDevice = false;"));
    await expect(useEngine({ engine: "tensorflow-gpu" }, packages)).rejects.toMatchObject({
      code: "engine/failed",
      message: expect.stringContaining("finds no GPU"),
    });
  });

  it('"tensorflow-gpu" is not what tfjs-node without a GPU is taken for', async () => {
    install(TFJS_NODE, backendCode("tensorflow"));
    await useEngine({ engine: "tensorflow" }, packages);
    await expect(useEngine({ engine: "tensorflow-gpu" }, packages)).rejects.toMatchObject({ code: "engine/failed" });
  });

  it('"webgpu" runs on an adapter in software, and names it', async () => {
    install("webgpu", dawn({ architecture: "swiftshader", description: "SwiftShader driver" }));
    install("@tensorflow/tfjs-backend-webgpu", backendCode("webgpu"));
    await useEngine({ engine: "webgpu" }, packages);
    expect(describeEngine()).toMatchObject({ engine: "webgpu", device: "SwiftShader driver" });
    expect(globalThis).toHaveProperty("GPUStandIn");
  });
});

describe('"auto"', () => {
  const reasons = () => Object.fromEntries(describeEngine().skipped.map(({ engine, reason }) => [engine, reason]));

  it("takes our own engine where nothing else is installed, and says what is missing", async () => {
    await useEngine({}, packages);
    expect(describeEngine().engine).toBe("vitrail");
    expect(reasons()).toEqual({
      "tensorflow-gpu": expect.stringContaining("not installed"),
      webgpu: expect.stringContaining("not installed"),
      tensorflow: expect.stringContaining("not installed"),
    });
  });

  it("takes tfjs-node where it works", async () => {
    install(TFJS_NODE, backendCode("tensorflow"));
    await useEngine({}, packages);
    expect(describeEngine().engine).toBe("tensorflow");
    expect(Object.keys(reasons())).toEqual(["tensorflow-gpu", "webgpu"]);
  });

  it("takes a GPU before it", async () => {
    install(TFJS_NODE_GPU, backendCode("tensorflow", "backend.isUsingGpuDevice = true;"));
    install(TFJS_NODE, "throw new Error('must not be loaded');");
    await useEngine({}, packages);
    expect(describeEngine()).toMatchObject({ engine: "tensorflow-gpu", device: "GPU", skipped: [] });
  });

  it("passes over a broken tfjs-node and tells why", async () => {
    install(TFJS_NODE, 'throw new Error("libtensorflow.so.2: cannot open shared object file");');
    await useEngine({}, packages);
    expect(describeEngine().engine).toBe("vitrail");
    expect(reasons().tensorflow).toMatch(/libtensorflow\.so\.2: cannot open/);
  });

  it("passes over a GPU in software, and over none", async () => {
    install("@tensorflow/tfjs-backend-webgpu", "throw new Error('must not be loaded');");
    install("webgpu", dawn({ architecture: "swiftshader", description: "SwiftShader driver" }));
    await useEngine({}, packages);
    expect(reasons().webgpu).toMatch(/only "SwiftShader driver" in software/);

    const other = new PeerPackages(() => [join(project, "package.json")]);
    rmSync(join(project, "node_modules/webgpu"), { recursive: true });
    install("webgpu", `${dawn(null)} // another file than before`);
    await useEngine({}, other);
    expect(describeEngine().engine).toBe("vitrail");
  });

  it("decides once", async () => {
    await useEngine({}, packages);
    install(TFJS_NODE, backendCode("tensorflow"));
    await useEngine({ engine: "cpu" }, packages);
    await useEngine({}, packages);
    expect(describeEngine().engine).toBe("vitrail");
  });

  it("says so when vitrail can't start, and auto goes on to cpu, with the reason", async () => {
    await useEngine({ engine: "cpu" });
    if (tf.findBackendFactory("vitrail")) tf.removeBackend("vitrail");
    tf.registerBackend("vitrail", () => {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    });
    const noise = vi.spyOn(console, "warn").mockReturnValue();
    try {
      await expect(useEngine({ engine: "vitrail" })).rejects.toMatchObject({ code: "engine/failed" });
      await useEngine({ engine: "auto" }, new PeerPackages(() => [join(project, "package.json")]));
      expect(describeEngine()).toMatchObject({ engine: "cpu", simd: "none" });
      expect(describeEngine().skipped.at(-1)).toMatchObject({
        engine: "vitrail",
        reason: expect.stringContaining("ulimit"),
      });
    } finally {
      noise.mockRestore();
      tf.removeBackend("vitrail");
    }
  });

  it("says so when not even the probe's memory can be had", async () => {
    await useEngine({ engine: "cpu" });
    if (tf.findBackendFactory("vitrail")) tf.removeBackend("vitrail");
    const memory = vi.spyOn(WebAssembly, "Memory").mockImplementation(() => {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    });
    await expect(useEngine({ engine: "vitrail" })).rejects.toMatchObject({ code: "engine/failed" });
    memory.mockRestore();
  });
});
