// Writes an ONNX model: the few protobuf messages that a forward graph needs. Field numbers are those of onnx.proto.
const VARINT = 0;
const LENGTH = 2;
const FLOAT = 5;
/** TensorProto.DataType */
const DATA_TYPE = new Map([
  [Float32Array, 1],
  [Int8Array, 3],
  [BigInt64Array, 7],
]);
/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, ints: 7 };
/** TensorProto.DataLocation */
const EXTERNAL = 1;

const tag = (field, wire) => varint((field << 3) | wire);
const integer = (field, value) => Buffer.concat([tag(field, VARINT), varint(value)]);
const bytes = (field, content) => {
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([tag(field, LENGTH), varint(body.length), body]);
};
const message = (field, parts) => bytes(field, Buffer.concat(parts));
const pair = (field, key, value) => message(field, [bytes(1, key), bytes(2, String(value))]);

function varint(value) {
  const out = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Buffer.from([...out, Number(rest)]);
}

/** A number is an int, a list is ints, `{ float }` is a float. */
function attribute(name, value) {
  if (typeof value === "number") return message(5, [bytes(1, name), integer(3, value), integer(20, ATTRIBUTE.int)]);
  if (Array.isArray(value))
    return message(5, [bytes(1, name), ...value.map((one) => integer(8, one)), integer(20, ATTRIBUTE.ints)]);
  const float = Buffer.from(new Uint8Array(Float32Array.of(value.float).buffer));
  return message(5, [bytes(1, name), tag(2, FLOAT), float, integer(20, ATTRIBUTE.float)]);
}

/** A float32 input or output; a dimension may be a name. */
function valueInfo(field, name, shape) {
  const dimensions = shape.map((size) => message(1, [typeof size === "string" ? bytes(2, size) : integer(1, size)]));
  return message(field, [bytes(1, name), message(2, [message(1, [integer(1, 1), message(2, dimensions)])])]);
}

export class OnnxWriter {
  #parts = [];
  #names = 0;
  #externals = new Set();

  input(name, shape) {
    this.#parts.push(valueInfo(11, name, shape));
    return name;
  }

  output(name, shape) {
    this.#parts.push(valueInfo(12, name, shape));
  }

  /** One node. @returns the name of its output */
  node(type, inputs, { domain = "", output = `${type}${this.#names++}`, ...attributes } = {}) {
    this.#parts.push(
      message(1, [
        ...inputs.map((name) => bytes(1, name)),
        bytes(2, output),
        bytes(4, type),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
        bytes(7, domain),
      ]),
    );
    return output;
  }

  /** A tensor in the model's own file. */
  constant(values, shape) {
    const name = `constant${this.#names++}`;
    const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const type = integer(2, DATA_TYPE.get(values.constructor));
    this.#parts.push(message(5, [...shape.map((size) => integer(1, size)), type, bytes(8, name), bytes(9, raw)]));
    return name;
  }

  integers(...values) {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  scalar(value) {
    return this.constant(Float32Array.of(value), []);
  }

  /** A float32 tensor that lies in another file beside the model's. */
  external(name, shape, { location, offset, length }) {
    if (this.#externals.has(name)) return name;
    this.#externals.add(name);
    this.#parts.push(
      message(5, [
        ...shape.map((size) => integer(1, size)),
        integer(2, 1),
        bytes(8, name),
        pair(13, "location", location),
        pair(13, "offset", offset),
        pair(13, "length", length),
        integer(14, EXTERNAL),
      ]),
    );
    return name;
  }

  /** The model's file: IR version 10, opset 21, and Microsoft's own operators. */
  finish() {
    const graph = message(7, [...this.#parts, bytes(2, "vitrail-bench")]);
    const opset = (domain, version) => message(8, [bytes(1, domain), integer(2, version)]);
    return Buffer.concat([integer(1, 10), graph, opset("", 21), opset("com.microsoft", 1)]);
  }
}
