import type { ExternalBytes, OnnxGraph } from "../../io/onnx/onnx-graph.js";
import type { OnnxWeights } from "./onnx-weights.js";

/** A weight on its way into a file of its own. */
export interface CollectedWeight {
  name: string;
  /** As a checkpoint stores it. */
  shape: readonly number[];
  /** In the new file. */
  offset: number;
}

/** So that a runtime may map the file into memory. */
const ALIGNMENT = 64;

/** Weights that are to lie one after the other in a new file, as float32. */
export class CollectedWeights implements OnnxWeights {
  readonly collected: CollectedWeight[] = [];
  private end = 0;

  /** @param location of the file from the graph's folder */
  constructor(private readonly location: string) {}

  add(graph: OnnxGraph, name: string, shape: readonly number[]): string {
    const offset = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    const length = shape.reduce((product, one) => product * one, 4);
    this.end = offset + length;
    this.collected.push({ name, shape, offset });
    return graph.external(name, "F32", shape, { location: this.location, offset, length } satisfies ExternalBytes);
  }
}

/** Weights that lie in the graph. */
export class EmbeddedWeights implements OnnxWeights {
  /** @param read a weight's numbers, row-major */
  constructor(private readonly read: (name: string, shape: readonly number[]) => Float32Array) {}

  add(graph: OnnxGraph, name: string, shape: readonly number[]): string {
    return graph.floats(shape, this.read(name, shape), name);
  }
}
