import { join } from "node:path";

export const CORPUS = join(import.meta.dirname, "../../conformance/corpus");
export const GOLDENS = join(import.meta.dirname, "../../conformance/goldens/safetensors-writer");

/** A file put together by hand: the header as it is given, its length before it, `dataBytes` counted bytes after it. */
export function handwritten(header: string | Uint8Array, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  file.set(json, 8);
  for (let i = 0; i < dataBytes; i++) file[8 + json.length + i] = i + 1;
  return file;
}

/** The header entry of one tensor: `"name":{...}`. */
export function entry(
  name: string,
  dtype: string,
  shape: string,
  begin: number | string,
  end: number | string,
): string {
  return `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
}

/** One F32 scalar named w, with `more` after its fields. */
export const oneTensor = (more = "") => `{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]${more}}}`;
