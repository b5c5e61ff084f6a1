import { type Tensor2D, tensor3d, tidy } from "@tensorflow/tfjs-core";
import { LayerProgram } from "../../../models/layer-program.js";
import type { VisionTransformer } from "../../../models/vision-transformer.js";
import type { InTurn } from "../logistic-regression.js";
import type { KeptTokens, TokenStore } from "./token-store.js";

/** The last blocks of a transformer over tokens that the first ones made of the pictures. */
export class BlockFeatures {
  private readonly program: LayerProgram;
  /** Tokens of a picture, and their width. */
  private readonly shape: [number, number];

  /**
   * @param first the first of the blocks
   * @param pool what the head reads: the transformer's output of this name
   * @param examples where the tokens of each are
   */
  constructor(
    { outputs }: VisionTransformer,
    { first, pool }: { first: number; pool: "class" | "mean" },
    private readonly store: TokenStore,
    private readonly examples: readonly KeptTokens[],
  ) {
    const tokens = outputs.get(`hidden.${first}`)!;
    this.shape = tokens.shape.slice(1) as [number, number];
    this.program = new LayerProgram(tokens, [outputs.get(pool)!]);
  }

  /** Within a `tidy` and a turn on the engine; differentiable by the blocks' weights. rows: numbers of examples → `[rows, width]` */
  of(rows: Int32Array): Tensor2D {
    const [tokens, width] = this.shape;
    const size = tokens * width;
    const values = new Float32Array(rows.length * size);
    for (const [i, row] of rows.entries())
      this.store.read(this.examples[row]!, values.subarray(i * size, (i + 1) * size));
    return this.program.run(tensor3d(values, [rows.length, tokens, width]))[0] as Tensor2D;
  }

  /** Features of all examples, `[width]` each, so many in a pass. @throws `signal.reason` */
  async all(batch: number, inTurn: InTurn, signal?: AbortSignal): Promise<Float32Array[]> {
    const width = this.shape[1];
    const features: Float32Array[] = [];
    for (let from = 0; from < this.examples.length; from += batch) {
      signal?.throwIfAborted();
      const rows = Int32Array.from({ length: Math.min(batch, this.examples.length - from) }, (_, i) => from + i);
      const values = await inTurn(async () => {
        const found = tidy(() => this.of(rows));
        return found.data().finally(() => found.dispose()) as Promise<Float32Array>;
      });
      for (const i of rows.keys()) features.push(values.slice(i * width, (i + 1) * width));
    }
    return features;
  }
}
