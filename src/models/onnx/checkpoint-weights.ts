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
  /** How the matrices of a model's blocks are kept that are stored as floats. Default `"as-stored"`. */
  blocks?: "as-stored" | "int8";
}

/** Largest magnitude of an integer, and what keeps the scale of a row of zeros from being 0, as in `tasks/quantize/round-weights.ts`. */
const LARGEST_INTEGER = 127;
const SMALLEST_RANGE = 1e-20;
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
    if (this.options.blocks !== "int8" || !IN_A_BLOCK.test(name)) return undefined;
    const rounded = this.rounded(graph, name, shape);
    return this.transposed(graph, rounded.values, rounded.scales);
  }

  /** Integers `[out, in]` with a scale for each row, to the bit those that `quantize` writes. ONNX Runtime makes them as it loads the graph. */
  private rounded(graph: OnnxGraph, name: string, shape: readonly [number, number]): QuantizedWeight {
    const floats = graph.once(name, () => this.add(graph, name, shape));
    const extreme = (operator: string) =>
      graph.node(operator, [floats, graph.integers(1)], { attributes: { keepdims: 0 } });
    // Without Abs, whose results would be as large as the weights.
    const magnitudes = [extreme("ReduceMax"), graph.node("Neg", [extreme("ReduceMin")]), graph.scalar(SMALLEST_RANGE)];
    const scales = graph.node("Div", [graph.node("Max", magnitudes), graph.scalar(LARGEST_INTEGER)]);
    const zeros = graph.constant("I8", [shape[0]], new Uint8Array(shape[0]));
    return { values: graph.node("QuantizeLinear", [floats, scales, zeros], { attributes: { axis: 0 } }), scales };
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
