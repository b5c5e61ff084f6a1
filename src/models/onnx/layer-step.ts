import type { NodeOptions, OnnxGraph } from "../../io/onnx/onnx-graph.js";
import type { OnnxWeights } from "./onnx-weights.js";

/** A value of the graph. Pictures and feature maps, `[height, width, channels]` to TF.js, lie in the graph channels first. */
export interface OnnxValue {
  name: string;
  /** Without the batch axis, as TF.js has it. */
  shape: readonly number[];
}

/** ONNX Runtime's own operators. */
const CONTRIBUTED = "com.microsoft";

/** One layer on its way into a graph: what it reads, what it has learned, and what it adds. */
export class LayerStep {
  constructor(
    readonly graph: OnnxGraph,
    private readonly weights: OnnxWeights,
    private readonly prefix: string,
    readonly inputs: readonly OnnxValue[],
    /** Of the output, without the batch axis. */
    readonly shape: readonly number[],
  ) {}

  get input(): OnnxValue {
    return this.inputs[0]!;
  }

  /** @param suffix of the weight's name behind the layer's, with its dot */
  weight(suffix: string, shape: readonly number[]): string {
    const name = this.prefix + suffix;
    return this.graph.once(name, () => this.weights.add(this.graph, name, shape));
  }

  quantized(suffix: string, shape: readonly [number, number]) {
    return this.weights.addQuantized?.(this.graph, this.prefix + suffix, shape);
  }

  node(operator: string, inputs: readonly string[], attributes: NodeOptions["attributes"] = {}): string {
    return this.graph.node(operator, inputs, { attributes });
  }

  /** An operator that only ONNX Runtime has. */
  contributed(operator: string, inputs: readonly string[], attributes: NodeOptions["attributes"] = {}): string {
    return this.graph.node(operator, inputs, { attributes, domain: CONTRIBUTED });
  }

  /** @param shape behind the batch axis */
  reshape(x: string, ...shape: number[]): string {
    return this.node("Reshape", [x, this.graph.integers(0, ...shape)]);
  }
}
