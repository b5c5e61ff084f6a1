import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Linear } from "../nn/linear.js";
import { type LowRankAdapter, mergedKernel } from "../nn/low-rank-adapter.js";

/** A dense layer of a model that an adapter may be put beside. */
export class AdaptedLayer {
  private readonly layer: Linear;

  /** @param name our name of the layer: "blocks.0.attn.q_proj" */
  constructor(
    { model }: { model: LayersModel },
    readonly name: string,
  ) {
    this.layer = model.getLayer(name) as Linear;
  }

  /** `[in, out]` */
  get shape(): [number, number] {
    return this.layer.weights[0]!.shape as [number, number];
  }

  /** What is added to the layer's product; undefined for nothing. Its owner's to dispose. */
  set adapter(adapter: LowRankAdapter | undefined) {
    this.layer.adapter = adapter;
  }

  /** Puts an adapter's change into the layer's own weight. Called with the engine's turn. */
  merge(adapter: LowRankAdapter): void {
    const [kernel] = this.layer.weights;
    const merged = mergedKernel(kernel!.read(), adapter);
    kernel!.write(merged);
    merged.dispose();
  }
}
