import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** What an Emscripten decoder of jSquash gives: RGBA, or nothing where it gave up. */
interface Rgba {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}
interface DecoderInstance {
  decode(bytes: Uint8Array, ...settings: boolean[]): Rgba | null;
}
type DecoderFactory = (overrides: Record<string, unknown>) => Promise<DecoderInstance>;

/** Loaders are spelled out for bundlers. `settings`: the JPEG decoder can turn by EXIF, but knows fewer ways than `turnImage`. */
const DECODERS = {
  jpeg: {
    wasm: "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
    load: () => import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js"),
    settings: [false],
  },
  webp: {
    wasm: "@jsquash/webp/codec/dec/webp_dec.wasm",
    load: () => import("@jsquash/webp/codec/dec/webp_dec.js"),
    settings: [],
  },
};

/** A decoded picture keeps its memory in the instance for good; past this many pixels a fresh one is cheaper. */
const MAX_KEPT_PIXELS = 8_000_000;

/** A WebAssembly decoder: compiled once, and begun afresh after any failure, since a failed instance goes wrong later. */
export class WasmCodec {
  private compiled?: Promise<{ factory: DecoderFactory; module: WebAssembly.Module }>;
  private instance?: DecoderInstance;

  constructor(private readonly name: keyof typeof DECODERS) {}

  /** RGBA of the whole picture, or `undefined` when the decoder refuses the bytes. */
  async decode(bytes: Uint8Array): Promise<Rgba | undefined> {
    const instance = this.instance ?? (await this.start());
    // Taken away while it works, and put back only when all went well.
    this.instance = undefined;
    let decoded: Rgba | null = null;
    try {
      decoded = instance.decode(bytes, ...DECODERS[this.name].settings);
    } catch {
      // The decoder's way to refuse: it ends its program.
    }
    if (!decoded) return undefined;
    if (decoded.width * decoded.height <= MAX_KEPT_PIXELS) this.instance = instance;
    return decoded;
  }

  private async start(): Promise<DecoderInstance> {
    this.compiled ??= this.compile();
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

  private async compile() {
    const { wasm, load } = DECODERS[this.name];
    const file = await readFile(createRequire(import.meta.url).resolve(wasm));
    const [{ default: factory }, module] = await Promise.all([load(), WebAssembly.compile(file)]);
    return { factory: factory as unknown as DecoderFactory, module };
  }
}

/** `[height, width, 4]` → `[height, width, 3]`: alpha is dropped, not composited. */
export function dropAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from]!;
    rgb[to++] = rgba[from + 1]!;
    rgb[to++] = rgba[from + 2]!;
  }
  return rgb;
}
