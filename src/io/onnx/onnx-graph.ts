import { bytesField, type Field, floatField, integerField, joinBytes, messageField } from "./protobuf.js";

/** Element types by ONNX's numbers (`TensorProto.DataType`). */
export const ONNX_TYPES = {
  F32: 1,
  U8: 2,
  I8: 3,
  I32: 6,
  I64: 7,
  F16: 10,
  BF16: 16,
  F8_E4M3: 17,
  F8_E5M2: 19,
} as const;
export type OnnxType = keyof typeof ONNX_TYPES;

/** Of a node: a number that ONNX wants as a float is `{ float }`. */
export type Attribute = number | string | readonly number[] | { float: number };

export interface NodeOptions {
  /** `"com.microsoft"` for ONNX Runtime's own operators. */
  domain?: string;
  /** Names of the outputs; default one, made up. */
  outputs?: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

/** Bytes of a tensor in a file beside the graph. */
export interface ExternalBytes {
  /** Relative to the folder of the graph. */
  location: string;
  offset: number;
  length: number;
}

/**
 * Versions of the operators, with that of the file format that came with them. 23: the first with `Attention`, for ONNX Runtime 1.23 and newer;
 * 20: the first with `Gelu`, for 1.17 and newer.
 */
const IR_VERSIONS = { 20: 9, 23: 11 } as const;
export type Opset = keyof typeof IR_VERSIONS;

const AttributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** Constants of fewer elements than this are kept once, however often they are asked for. */
const SHARED_ELEMENTS = 16;

/**
 * An ONNX graph, node after node, and its bytes in the end. Names of values are what the methods return. Field numbers are those of onnx.proto:
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export class OnnxGraph {
  private readonly nodes: Field[] = [];
  private readonly initializers: Field[] = [];
  private readonly inputs: Field[] = [];
  private readonly outputs: Field[] = [];
  private readonly domains = new Set<string>();
  private readonly shared = new Map<string, string>();
  private count = 0;

  constructor(readonly opset: Opset) {}

  /** @param shape a word stands for a length that is not known before a run */
  input(name: string, shape: readonly (number | string)[]): string {
    this.inputs.push(valueInfo(11, name, shape));
    return name;
  }

  output(name: string, shape: readonly (number | string)[]): void {
    this.outputs.push(valueInfo(12, name, shape));
  }

  /** Adds an operator. @returns the name of its first output */
  node(operator: string, inputs: readonly string[], { domain, outputs, attributes = {} }: NodeOptions = {}): string {
    const results = outputs ?? [`${operator}_${this.count++}`];
    if (domain) this.domains.add(domain);
    this.nodes.push(
      messageField(1, [
        ...inputs.map((name) => bytesField(1, name)),
        ...results.map((name) => bytesField(2, name)),
        bytesField(3, `${operator}_of_${results[0]}`),
        bytesField(4, operator),
        ...Object.entries(attributes).map(([name, value]) => attributeField(name, value)),
        ...(domain ? [bytesField(7, domain)] : []),
      ]),
    );
    return results[0]!;
  }

  /** Adds numbers that lie in the graph itself. @param bytes little-endian, row-major; stay as they are until `toBytes` */
  constant(type: OnnxType, shape: readonly number[], bytes: Uint8Array, name = `constant_${this.count++}`): string {
    this.initializers.push(messageField(5, [...tensorFields(name, type, shape), bytesField(9, bytes)]));
    return name;
  }

  floats(shape: readonly number[], values: Float32Array, name?: string): string {
    return this.constant("F32", shape, bytesOf(values), name);
  }

  scalar(value: number): string {
    return this.once(`F32 ${value}`, () => this.floats([], Float32Array.of(value)));
  }

  /** A list of whole numbers, as shapes are. */
  integers(...values: number[]): string {
    const make = () => this.constant("I64", [values.length], bytesOf(BigInt64Array.from(values, BigInt)));
    return values.length < SHARED_ELEMENTS ? this.once(`I64 ${values}`, make) : make();
  }

  /** Adds numbers that lie in another file. */
  external(
    name: string,
    type: OnnxType,
    shape: readonly number[],
    { location, offset, length }: ExternalBytes,
  ): string {
    const entry = (key: string, value: string | number) =>
      messageField(13, [bytesField(1, key), bytesField(2, String(value))]);
    this.initializers.push(
      messageField(5, [
        ...tensorFields(name, type, shape),
        entry("location", location),
        entry("offset", offset),
        entry("length", length),
        integerField(14, 1), // data_location EXTERNAL
      ]),
    );
    return name;
  }

  /** The model's bytes, as an .onnx file has them. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const graph = [...this.nodes, bytesField(2, "vitrail"), ...this.initializers, ...this.inputs, ...this.outputs];
    const operators = (domain: string, version: number) =>
      messageField(8, [bytesField(1, domain), integerField(2, version)]);
    const model = [
      integerField(1, IR_VERSIONS[this.opset]),
      bytesField(2, "vitrail"),
      messageField(7, graph),
      operators("", this.opset),
      ...[...this.domains].map((domain) => operators(domain, 1)),
    ];
    return joinBytes(model.flat());
  }

  /** What `make` adds, the first time that it is asked for under this key. */
  once(key: string, make: () => string): string {
    const name = this.shared.get(key) ?? make();
    this.shared.set(key, name);
    return name;
  }
}

const bytesOf = (array: Float32Array | BigInt64Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const tensorFields = (name: string, type: OnnxType, shape: readonly number[]) => [
  ...shape.map((length) => integerField(1, length)),
  integerField(2, ONNX_TYPES[type]),
  bytesField(8, name),
];

function attributeField(name: string, value: Attribute): Field {
  const typed = (type: keyof typeof AttributeType, ...content: Field[]) =>
    messageField(5, [bytesField(1, name), ...content, integerField(20, AttributeType[type])]);
  if (typeof value === "number") return typed("int", integerField(3, value));
  if (typeof value === "string") return typed("string", bytesField(4, value));
  if ("float" in value) return typed("float", floatField(2, value.float));
  return typed("ints", ...value.map((one) => integerField(8, one)));
}

/** Of float32. */
function valueInfo(field: number, name: string, shape: readonly (number | string)[]): Field {
  const dimensions = shape.map((length) =>
    messageField(1, [typeof length === "string" ? bytesField(2, length) : integerField(1, length)]),
  );
  const tensorType = messageField(1, [integerField(1, ONNX_TYPES.F32), messageField(2, dimensions)]);
  return messageField(field, [bytesField(1, name), messageField(2, [tensorType])]);
}
