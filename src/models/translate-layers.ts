import type { layers, SymbolicTensor } from "@tensorflow/tfjs-layers";

export interface LayersToTranslate {
  /** The model's input, a picture `[batch, height, width, 3]`. */
  input: SymbolicTensor;
  /** What is wanted, by name. */
  outputs: ReadonlyMap<string, SymbolicTensor>;
}

/** Gives what a layer makes of `inputs` in the other form. `shape`: of its output, without the batch axis. */
export type TranslateLayer<Value> = (layer: layers.Layer, inputs: Value[], shape: number[]) => Value;

/**
 * Says the part of a TF.js model that leads to some outputs in another form, each layer once, after those that it reads.
 *
 * @param first the model's input in the other form
 * @returns the outputs in the other form, by name
 */
export function translateLayers<Value>(
  { input, outputs }: LayersToTranslate,
  first: Value,
  translate: TranslateLayer<Value>,
): Map<string, Value> {
  const values = new Map<SymbolicTensor, Value>([[input, first]]);
  const reach = (symbol: SymbolicTensor): Value => {
    const known = values.get(symbol);
    if (known !== undefined) return known;
    const inputs = symbol.inputs.map(reach);
    const value = translate(symbol.sourceLayer, inputs, symbol.shape.slice(1) as number[]);
    values.set(symbol, value);
    return value;
  };
  return new Map([...outputs].map(([name, symbol]) => [name, reach(symbol)]));
}
