/** A piece of WebAssembly code: bytes, nested as its expressions are, and flattened once at the end. */
export type Code = readonly (number | Code)[];

/** LEB128 of an unsigned 32-bit number. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest ? low | 0x80 : low);
  } while (rest);
  return bytes;
}

/** LEB128 of a signed 32-bit number. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && !(low & 0x40)) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** The four bytes of a float32. */
export function float32(value: number): number[] {
  return [...new Uint8Array(new Float32Array([value]).buffer)];
}

/** A name or any other counted list. */
export function counted(items: Code): Code {
  return [unsigned(items.length), items];
}

export function text(value: string): Code {
  return counted([...new TextEncoder().encode(value)]);
}

export function flatten(code: Code, into: number[] = []): number[] {
  // Counted, not `for of`: an engine starts with this code, before V8 has optimized it.
  for (let i = 0; i < code.length; i++) {
    const item = code[i]!;
    if (typeof item === "number") into.push(item);
    else flatten(item, into);
  }
  return into;
}
