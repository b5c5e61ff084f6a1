import process from "node:process";
import type { PeerEngine } from "./peer-engine.js";

interface AdapterInfo {
  vendor?: string;
  architecture?: string;
  description?: string;
  isFallbackAdapter?: boolean;
}
interface Gpu {
  requestAdapter(options?: object): Promise<{ info?: AdapterInfo } | null>;
}
/** Dawn for Node, the package "webgpu". */
interface Dawn {
  create(options: string[]): Gpu;
  globals: Record<string, unknown>;
}

/** Vulkan devices that compute on the processor, far slower than our own engine does. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

const describeAdapter = ({ vendor, architecture, description }: AdapterInfo) =>
  description || [vendor, architecture].filter(Boolean).join(" ") || "unknown";

/** What `loaded` saw, for `describe`. */
const seen: { adapter?: string } = {};

/** TF.js's WebGPU backend on Dawn, the WebGPU of Chromium. */
export const webgpu: PeerEngine = {
  name: "webgpu",
  backend: "webgpu",
  packages: ["webgpu", "@tensorflow/tfjs-backend-webgpu"],
  async loaded(exports) {
    if (typeof exports.create !== "function") return undefined; // TF.js's own package
    const { create, globals } = exports as unknown as Dawn;
    const gpu = create([]);
    provideGpu(gpu, globals);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("there is no GPU with Vulkan, Metal or Direct3D 12");
    const info = adapter.info ?? {};
    seen.adapter = describeAdapter(info);
    const isSoftware = info.isFallbackAdapter === true || SOFTWARE.test(`${info.architecture} ${info.description}`);
    return isSoftware ? `there is no GPU, only "${seen.adapter}" in software` : undefined;
  },
  describe: () => ({ threads: 1, simd: "none", device: seen.adapter ?? "GPU" }),
};

/** TF.js's backend expects a browser: constants as globals and `navigator.gpu`. */
function provideGpu(gpu: Gpu, constants: Record<string, unknown>): void {
  Object.assign(globalThis, constants);
  const { navigator } = globalThis as { navigator?: object };
  if (navigator) Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  else
    Object.defineProperty(globalThis, "navigator", {
      value: { gpu, userAgent: `Node.js/${process.versions.node.split(".")[0]}` },
      configurable: true,
    });
}
