import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** `[height, width, 4]`, alpha not multiplied in. */
interface Rgba {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}
interface Instance {
  decode(bytes: Uint8Array): Rgba | null;
}
type Factory = (overrides: Record<string, unknown>) => Promise<Instance>;

/** A picture's memory stays in the instance for good; past this many pixels a fresh one is cheaper. */
const MAX_KEPT_PIXELS = 8_000_000;

/** libwebp as WebAssembly (jSquash): compiled once, and begun afresh after any failure, since a failed instance may go wrong later. */
export class WebpDecoder {
  private compiled?: Promise<{ factory: Factory; module: WebAssembly.Module }>;
  private instance?: Instance;

  /** The pixels of a still picture, or `undefined` when libwebp refuses the bytes. */
  async decode(bytes: Uint8Array): Promise<Rgba | undefined> {
    const instance = this.instance ?? (await this.start());
    // Taken away while it works, and put back only when all went well.
    this.instance = undefined;
    let decoded: Rgba | null = null;
    try {
      decoded = instance.decode(bytes);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    }
    if (!decoded) return undefined;
    if (decoded.width * decoded.height <= MAX_KEPT_PIXELS) this.instance = instance;
    return decoded;
  }

  private async start(): Promise<Instance> {
    this.compiled ??= compile();
    const { factory, module } = await this.compiled;
    const silent = () => {};
    return factory({
      noInitialRun: true,
      print: silent,
      printErr: silent,
      instantiateWasm: (imports: WebAssembly.Imports, ready: (instance: WebAssembly.Instance) => void) => {
        const instance = new WebAssembly.Instance(module, imports);
        ready(instance);
        return instance.exports;
      },
    });
  }
}

async function compile() {
  const file = await readFile(createRequire(import.meta.url).resolve("@jsquash/webp/codec/dec/webp_dec.wasm"));
  const [{ default: factory }, module] = await Promise.all([
    import("@jsquash/webp/codec/dec/webp_dec.js"),
    WebAssembly.compile(file),
  ]);
  return { factory: factory as unknown as Factory, module };
}
