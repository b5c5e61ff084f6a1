import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { useConfiguration } from "./kernel.testing.js";
import type { VitrailBackend } from "./vitrail-backend.js";

/**
 * TF.js's own tests of the kernels that our backend has in place of the CPU's, and of what leans on them, out of the installed package. They are
 * written for Jasmine, which is close to what Vitest does.
 */
const FILES = [
  "add",
  "arithmetic",
  "binary_ops",
  "concat",
  "conv2d",
  "depthwise_conv2d",
  "mat_mul",
  "max_pool",
  "mean",
  "neg",
  "pad",
  "relu",
  "sigmoid",
  "slice1d",
  "slice2d",
  "slice3d",
  "slice4d",
  "softmax",
  "sqrt",
  "square",
  "sum",
  "transpose",
  "fused/fused_conv2d",
  "fused/fused_depthwise_conv2d",
  "fused/fused_mat_mul",
];

const IMPORTS = ["public/chained_ops/register_all_chained_ops", ...FILES.map((file) => `ops/${file}_test`)];

const require = createRequire(import.meta.url);
const dist = dirname(require.resolve("@tensorflow/tfjs-core/dist/index.js"));

/** What the tests import from TF.js's `jasmine_util`, with the active backend as the only environment. */
const ENVIRONMENT = `
export const ALL_ENVS = {}, SYNC_BACKEND_ENVS = {}, NODE_ENVS = {}, BROWSER_ENVS = null, CHROME_ENVS = null, HAS_WORKER = null;
export const describeWithFlags = (name, constraints, tests) => globalThis.describeKernelTests(name, constraints, tests);
`;

/** Jasmine's names that Vitest spells otherwise. */
expect.extend({
  toBeTrue: (value: unknown) => ({ pass: value === true, message: () => `${value} is not true` }),
  toBeFalse: (value: unknown) => ({ pass: value === false, message: () => `${value} is not false` }),
});

function describeKernelTests(name: string, constraints: object | null, tests: (environment: object) => void): void {
  if (!constraints) return;
  describe(name, () => {
    beforeEach(() => tf.engine().startScope());
    afterEach(() => {
      tf.engine().endScope();
      tf.engine().disposeVariables();
    });
    tests({ name: "vitrail", backendName: "vitrail", isDataSync: true });
  });
}

let backend: VitrailBackend;
beforeAll(async () => {
  backend = await useConfiguration("3x12 blocks, 2 threads");
});
afterAll(() => backend.pool.dispose());

const { outputFiles } = await build({
  stdin: { contents: IMPORTS.map((path) => `import "./${path}.js";`).join("\n"), resolveDir: dist },
  bundle: true,
  write: false,
  format: "iife",
  platform: "node",
  logLevel: "error",
  // The package says that these files do nothing when they are imported.
  ignoreAnnotations: true,
  plugins: [
    {
      name: "environment",
      setup(build) {
        build.onLoad({ filter: /jasmine_util\.js$/ }, () => ({ contents: ENVIRONMENT, loader: "js" }));
      },
    },
  ],
});
/** `expect().nothing()` is Jasmine's way to say that a test without assertions is meant so. */
const jasmineExpect = Object.assign(
  (...values: unknown[]) => (values.length === 0 ? { nothing: () => {} } : expect(values[0])),
  expect,
);
const names = {
  describe,
  it,
  expect: jasmineExpect,
  jasmine: { any: expect.any },
  beforeEach,
  afterEach,
  beforeAll,
  afterAll,
  spyOn: vi.spyOn,
  require,
};
Object.assign(globalThis, { describeKernelTests });
new Function(...Object.keys(names), outputFiles[0]!.text)(...Object.values(names));
