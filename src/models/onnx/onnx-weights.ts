import type { OnnxGraph } from "../../io/onnx/onnx-graph.js";

/** An integer matrix with a scale for each output. */
export interface QuantizedWeight {
  /** int8, `[in, out]` */
  values: string;
  /** float32, `[out]` */
  scales: string;
}

/** Where a graph gets the learned tensors of a model. */
export interface OnnxWeights {
  /**
   * Adds a weight by its name in our spelling, as float32.
   *
   * @param shape as a checkpoint stores it: `[out, in]` for what is multiplied, `[out, in, height, width]` for filters
   * @returns the value's name in the graph
   */
  add(graph: OnnxGraph, name: string, shape: readonly number[]): string;
  /** Adds a matrix as integers, where it is one that is kept so. */
  addQuantized?(
    graph: OnnxGraph,
    name: string,
    shape: readonly [out: number, inputs: number],
  ): QuantizedWeight | undefined;
}
