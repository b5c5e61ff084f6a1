// The wire format of Protocol Buffers, as far as an ONNX model needs it: https://protobuf.dev/programming-guides/encoding
/** Encoded fields of one message. */
export type Fields = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** A whole number, negative ones as their 64-bit two's complement. */
export function integerField(field: number, value: number | bigint): Uint8Array {
  return joinBytes([key(field, VARINT), varint(value)]);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joinBytes([key(field, FIXED_32), bytes]);
}

export function bytesField(field: number, value: Uint8Array | string): Uint8Array {
  return joinBytes(delimited(field, typeof value === "string" ? new TextEncoder().encode(value) : value));
}

export function messageField(field: number, parts: Fields): Uint8Array {
  return bytesField(field, joinBytes(parts));
}

export function joinBytes(parts: Fields): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function delimited(field: number, content: Uint8Array): Fields {
  return [key(field, LENGTH_DELIMITED), varint(content.length), content];
}

const key = (field: number, wireType: number) => varint((field << 3) | wireType);

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
