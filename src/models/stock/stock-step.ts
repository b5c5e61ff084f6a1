import { type layers as Layers, layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { WeightLayout } from "../parameters.js";

type Layer = Layers.Layer;
type LayerVariable = Layer["weights"][number];

/** Where a stock layer's weight comes from: a weight of ours, by its name, or numbers that belong to no checkpoint. */
export type StockSource =
  | { name: string; storedShape: readonly number[]; layout: WeightLayout }
  | { values: Float32Array };

/** What is known of a model that is being said in TF.js's own layers. */
export class StockModel {
  /** Of every weight of the layers. */
  readonly sources = new Map<LayerVariable, StockSource>();
  private readonly made = new Map<string, unknown>();
  private readonly counts = new Map<string, number>();

  /** @param picture the model's input, `[batch, height, width, 3]` */
  constructor(private readonly picture: SymbolicTensor) {}

  /** What `make` gives, made once for each key. */
  once<Value>(key: string, make: () => Value): Value {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key) as Value;
  }

  /**
   * Applies a layer, perhaps again.
   *
   * @param sources of the layer's weights, in its order
   * @param name default: its class and a number, which, other than TF.js's own names, are the same in every process
   */
  apply(
    layer: Layer,
    inputs: SymbolicTensor | SymbolicTensor[],
    sources: readonly StockSource[] = [],
    name = this.numbered(layer.getClassName()),
  ): SymbolicTensor {
    if (!layer.built) layer.name = name;
    const output = layer.apply(inputs) as SymbolicTensor;
    for (const [index, source] of sources.entries()) this.sources.set(layer.weights[index]!, source);
    return output;
  }

  /** `[batch, ...shape]` of the same numbers for every picture. TF.js has no layer without an input, so they are looked up by a number that is 0 for every picture. */
  constant(shape: readonly number[], source: StockSource, name?: string): SymbolicTensor {
    const count = shape.reduce((product, length) => product * length, 1);
    const zero = this.once("zero", () => {
      const means = this.apply(layers.globalAveragePooling2d({ dataFormat: "channelsLast" }), this.picture);
      const dense = layers.dense({ units: 1, useBias: false, kernelInitializer: "zeros" });
      return this.apply(dense, means, [{ values: new Float32Array(means.shape[1]!) }], "zero");
    });
    const table = layers.embedding({ inputDim: 1, outputDim: count, embeddingsInitializer: "zeros" });
    return this.apply(layers.reshape({ targetShape: [...shape] }), this.apply(table, zero, [source], name));
  }

  private numbered(kind: string): string {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    return `${kind}_${count}`;
  }
}

/** One layer of ours on its way into stock layers: what it reads and what it has learned. */
export class StockStep {
  constructor(
    readonly model: StockModel,
    private readonly prefix: string,
    readonly inputs: readonly SymbolicTensor[],
    /** Of the output, without the batch axis. */
    readonly shape: readonly number[],
  ) {}

  get input(): SymbolicTensor {
    return this.inputs[0]!;
  }

  /** Of the input, without the batch axis. */
  get inputShape(): readonly number[] {
    return this.input.shape.slice(1) as number[];
  }

  /**
   * A weight of the layer.
   *
   * @param suffix of its name behind the layer's, with its dot
   */
  weight(suffix: string, storedShape: readonly number[], layout: WeightLayout = "same"): StockSource {
    return { name: this.prefix + suffix, storedShape, layout };
  }

  /** A stock layer that gets our layer's name, or that with a suffix, so that it can be found. */
  named(layer: Layer, inputs: SymbolicTensor | SymbolicTensor[], sources: readonly StockSource[] = [], suffix = "") {
    return this.model.apply(layer, inputs, sources, this.prefix + suffix);
  }

  /** A stock layer between others. */
  plain(layer: Layer, inputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
    return this.model.apply(layer, inputs);
  }

  /** `[batch, ...]` → `[batch, ...shape]` */
  reshape(x: SymbolicTensor, ...shape: number[]): SymbolicTensor {
    return this.plain(layers.reshape({ targetShape: shape }), x);
  }
}
