import type { Tensor } from "@tensorflow/tfjs-core";
import type { layers, SymbolicTensor } from "@tensorflow/tfjs-layers";

interface Step {
  layer: layers.Layer;
  /** Places of the inputs, and of the output. */
  inputs: number[];
  output: number;
  /** Places that nothing reads any more after this. */
  freed: number[];
}

const INFERENCE = { training: false };

/**
 * Computes outputs of a model from its input, by calling layer after layer in an order that is found once. It does what `predict` does without
 * what `predict` checks and looks up again at every layer of every pass, which takes a small network as long as its arithmetic.
 */
export class LayerProgram {
  private readonly steps: Step[] = [];
  private readonly places: Map<SymbolicTensor, number>;

  constructor(
    input: SymbolicTensor,
    private readonly outputs: readonly SymbolicTensor[],
  ) {
    this.places = new Map([[input, 0]]);
    for (const output of outputs) this.reach(output);
    const kept = new Set(outputs.map((output) => this.places.get(output)!));
    kept.add(0);
    for (const { inputs, freed } of this.steps.toReversed())
      for (const place of inputs) {
        if (!kept.has(place)) freed.push(place);
        kept.add(place);
      }
  }

  /** Appends the steps that lead to a tensor, where they are not there yet. */
  private reach(symbol: SymbolicTensor): number {
    const known = this.places.get(symbol);
    if (known !== undefined) return known;
    const inputs = symbol.inputs.map((input) => this.reach(input));
    const output = this.places.size;
    this.places.set(symbol, output);
    this.steps.push({ layer: symbol.sourceLayer, inputs, output, freed: [] });
    return output;
  }

  /**
   * The outputs' values, in their order. Within a `tidy`, which disposes what is left when a layer throws.
   *
   * @param input stays its owner's to dispose
   */
  run(input: Tensor): Tensor[] {
    const values: Tensor[] = [input];
    for (const { layer, inputs, output, freed } of this.steps) {
      const given = inputs.map((place) => values[place]!);
      const value = layer.call(given, INFERENCE) as Tensor;
      // What a layer hands through would be disposed with its input.
      values[output] = given.includes(value) ? value.clone() : value;
      for (const place of freed) values[place]!.dispose();
    }
    return this.outputs.map((symbol) => values[this.places.get(symbol)!]!);
  }
}
