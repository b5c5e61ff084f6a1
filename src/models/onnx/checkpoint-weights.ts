import type { Checkpoint } from "../../io/checkpoint.js";
import { DTYPE_BITS, type Dtype } from "../../io/dtypes.js";
import { ONNX_TYPES, type OnnxGraph, type OnnxType } from "../../io/onnx/onnx-graph.js";
import { toFloat32 } from "../../io/to-float32.js";
import type { FittedCheckpoint } from "../assemble-model.js";
import { readScales } from "../read-scales.js";
import type { OnnxWeights, QuantizedWeight } from "./onnx-weights.js";

export interface CheckpointWeightsOptions {
  /** A weights file's path from the graph's folder. Not needed for reading only. */
  locate?(file: string): string;
  /** Whether matrices that are stored as integers stay integers. Default `"float32"`. */
  stored?: "as-integers" | "float32";
  /**
   * Makes integers with a scale for each row of the matrices of a model's blocks, `[rows, columns]`; where it is left out, these stay as they are.
   */
  round?: ((weights: Float32Array, rows: number) => { values: Int8Array; scales: Float32Array }) | undefined;
}

/** Layers that keep float32 beside quantized ones: what is small, or at a model's ends, where an error does the most harm. */
const IN_A_BLOCK = /^blocks\./;

/**
 * Weights that stay where they are: matrices as byte ranges of the checkpoint's own files, in any of its dtypes. The rest, a hundredth of a
 * model, goes into the graph, so that nothing of the files is in use once a session has packed its matrices.
 */
export class CheckpointWeights implements OnnxWeights {
  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly fitted: Pick<FittedCheckpoint, "weights" | "computed">,
    private readonly options: CheckpointWeightsOptions = {},
  ) {}

  add(graph: OnnxGraph, name: string, shape: readonly number[]): string {
    if (shape.length !== 2 || this.fitted.computed.has(name)) return graph.floats(shape, this.read(name, shape), name);
    const { dtype } = this.place(name, shape);
    if (dtype === "F32") return this.external(graph, name, name, shape);
    const stored = this.external(graph, `${name} as ${dtype}`, name, shape);
    const scales = this.scales(name);
    const floats = graph.node("Cast", [stored], {
      attributes: { to: ONNX_TYPES.F32 },
      outputs: [scales ? `${name} unscaled` : name],
    });
    if (!scales) return floats;
    return graph.node("Mul", [floats, graph.floats([shape[0]!, 1], scales)], { outputs: [name] });
  }

  addQuantized(graph: OnnxGraph, name: string, shape: readonly [number, number]): QuantizedWeight | undefined {
    const scales = this.options.stored === "as-integers" ? this.scales(name) : undefined;
    if (scales)
      return this.transposed(
        graph,
        this.external(graph, `${name} as I8`, name, shape),
        graph.floats([shape[0]], scales),
      );
    if (!this.options.round || !IN_A_BLOCK.test(name)) return undefined;
    const rounded = this.options.round(this.read(name, shape), shape[0]);
    const { buffer, byteOffset, byteLength } = rounded.values;
    const values = graph.constant("I8", shape, new Uint8Array(buffer, byteOffset, byteLength), `${name} as I8`);
    return this.transposed(graph, values, graph.floats([shape[0]], rounded.scales));
  }

  /** ONNX Runtime computes this once, as it loads the graph. */
  private transposed(graph: OnnxGraph, values: string, scales: string): QuantizedWeight {
    return { values: graph.node("Transpose", [values], { attributes: { perm: [1, 0] } }), scales };
  }

  private external(graph: OnnxGraph, as: string, name: string, shape: readonly number[]): string {
    const { dtype, file, offset, range } = this.place(name, shape);
    const location = this.options.locate!(file);
    return graph.external(as, dtype as OnnxType, shape, {
      location,
      offset: offset + range.begin,
      length: range.end - range.begin,
    });
  }

  /** A weight's numbers, row-major. */
  read(name: string, shape: readonly number[]): Float32Array {
    const made = this.fitted.computed.get(name);
    if (made) return made.values;
    const { stored, dtype, range } = this.place(name, shape);
    const bytes = new Uint8Array(range.end - range.begin);
    this.checkpoint.readIntoSync(stored, bytes, range);
    const values = toFloat32(bytes, dtype);
    const scales = this.scales(name);
    return scales ? values.map((value, i) => value * scales[Math.floor((i * scales.length) / values.length)]!) : values;
  }

  /** Of a matrix that is stored as integers, one for each row. */
  private scales(name: string): Float32Array | undefined {
    const stored = this.fitted.weights.get(name)!;
    return stored.scales === undefined ? undefined : readScales(this.checkpoint, stored);
  }

  /** Where a weight stands. `range`: its bytes within the stored tensor, of which it may be some rows. */
  private place(name: string, shape: readonly number[]) {
    const { name: stored, firstRow } = this.fitted.weights.get(name)!;
    const { dtype, file, offset } = this.checkpoint.tensors.get(stored)!;
    const bytesOf = (lengths: readonly number[]) => (count(lengths) * DTYPE_BITS[dtype as Dtype]) / 8;
    const begin = firstRow * bytesOf(shape.slice(1));
    return { stored, dtype, file, offset, range: { begin, end: begin + bytesOf(shape) } };
  }
}

const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
