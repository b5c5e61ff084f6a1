/** Weights of a dense layer as PyTorch keeps them. */
export interface DenseLayer {
  /** `[outputs, inputs]` */
  weight: Float32Array;
  /** `[outputs]` */
  bias: Float32Array;
}

/** What layers answer, one after the other with a ReLU between them; sums in double. `[inputs]` → `[classes]` */
export function answerOf(layers: readonly DenseLayer[], feature: Float32Array): Float32Array {
  return layers.reduce<Float32Array>(
    (input, layer, depth) => apply(layer, depth === 0 ? input : input.map((value) => Math.max(0, value))),
    feature,
  );
}

function apply({ weight, bias }: DenseLayer, input: Float32Array): Float32Array {
  return Float32Array.from(bias, (start, output) => {
    let sum = start;
    const at = output * input.length;
    for (let k = 0; k < input.length; k++) sum += weight[at + k]! * input[k]!;
    return sum;
  });
}
