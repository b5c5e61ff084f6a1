// The wire format of Protocol Buffers, as far as an ONNX model needs it: https://protobuf.dev/programming-guides/encoding
/** An encoded field in pieces, one behind the other: what is long is copied once, into the whole. */
export type Field = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Bytes; fields up to this are one piece, since a piece takes memory too. */
const SHORT = 1 << 14;

/** A whole number, negative ones as their 64-bit two's complement. */
export function integerField(field: number, value: number | bigint): Field {
  return [joinBytes([key(field, VARINT), varint(value)])];
}

export function floatField(field: number, value: number): Field {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [joinBytes([key(field, FIXED_32), bytes])];
}

/** @param value stays as it is until the whole is joined */
export function bytesField(field: number, value: Uint8Array | string): Field {
  return delimited(field, [typeof value === "string" ? new TextEncoder().encode(value) : value]);
}

export function messageField(field: number, fields: readonly Field[]): Field {
  return delimited(field, fields.flat());
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

const lengthOf = (pieces: readonly Uint8Array[]) => pieces.reduce((sum, { length }) => sum + length, 0);

function delimited(field: number, content: readonly Uint8Array[]): Field {
  const length = lengthOf(content);
  const pieces = [key(field, LENGTH_DELIMITED), varint(length), ...content];
  return length <= SHORT ? [joinBytes(pieces)] : pieces;
}

const key = (field: number, wireType: number) => varint((field << 3) | wireType);

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
