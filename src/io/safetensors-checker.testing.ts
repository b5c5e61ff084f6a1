/** What the checker found in a sound file. */
export interface CheckedFile {
  metadata: [key: string, value: string][];
  tensors: { name: string; dtype: string; shape: string[]; bytes: number[] }[];
}

type Tree =
  | { kind: "word" | "number" | "string"; text: string }
  | { kind: "array"; items: Tree[] }
  | { kind: "object"; fields: [string, Tree][] };

/** One JSON token with the space before it, as RFC 8259 writes it down. */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.eE+-]))|(true|false|null))/uy;
const NOBODY = -1;
const BITS: [RegExp, bigint][] = [
  [/^(BOOL|[UI]8|F8_E5M2|F8_E4M3|F8_E8M0|F8_E4M3FNUZ|F8_E5M2FNUZ)$/, 8n],
  [/^F4$/, 4n],
  [/^F6_(E2M3|E3M2)$/, 6n],
  [/^([UI]16|B?F16)$/, 16n],
  [/^[UIF]32$/, 32n],
  [/^([UIF]64|C64)$/, 64n],
];

/**
 * Decides slowly whether a small file is safetensors: a regular expression for tokens, a whole syntax tree, and a sheet on
 * which each tensor paints its bytes. Shares no line and no method with the reader; `undefined` is "no".
 */
export function checkSafetensors(file: Uint8Array): CheckedFile | undefined {
  if (file.length < 8) return undefined;
  let headerBytes = 0n;
  for (let i = 7; i >= 0; i--) headerBytes = headerBytes * 256n + BigInt(file[i]!);
  if (headerBytes > 100_000_000n || headerBytes + 8n > BigInt(file.length)) return undefined;
  const data = file.subarray(8 + Number(headerBytes));
  let root: Tree;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      file.slice(8, 8 + Number(headerBytes)),
    );
    JSON.parse(text); // Whatever is not JSON for V8 is none for us.
    root = parseTree(text);
  } catch {
    return undefined;
  }
  if (root.kind !== "object") return undefined;
  const checked: CheckedFile = { metadata: [], tensors: [] };
  const owners = new Array<number>(data.length).fill(NOBODY);
  const empty: number[] = [];
  for (const [name, value] of root.fields) {
    if (name === "__metadata__") {
      if (value.kind === "word" && value.text === "null") continue;
      if (value.kind !== "object") return undefined;
      for (const [key, item] of value.fields) {
        if (item.kind !== "string") return undefined;
        checked.metadata.push([key, item.text]);
      }
      continue;
    }
    if (name.length > 4096 || value.kind !== "object") return undefined;
    const fields = new Map(value.fields);
    const dtype = fields.get("dtype");
    const shape = integers(fields.get("shape"));
    const offsets = integers(fields.get("data_offsets"));
    if (dtype?.kind !== "string" || shape === undefined || offsets?.length !== 2) return undefined;
    let bits = 1n;
    const width = BITS.find(([pattern]) => pattern.test(dtype.text))?.[1];
    if (width === undefined) return undefined;
    for (const size of [...shape, width]) {
      bits *= size;
      if (bits >> 64n) return undefined;
    }
    const [begin, end] = offsets as [bigint, bigint];
    if (end > BigInt(data.length) || (end - begin) * 8n !== bits) return undefined;
    // Paint: no byte has two owners.
    for (let i = Number(begin); i < Number(end); i++) {
      if (owners[i] !== NOBODY) return undefined;
      owners[i] = checked.tensors.length;
    }
    if (begin === end) empty.push(Number(begin));
    const bytes = [...data.subarray(Number(begin), Number(end))];
    checked.tensors.push({ name, dtype: dtype.text, shape: shape.map(String), bytes });
  }
  // A tensor without bytes lies between two others, not inside one.
  const isSeam = (at: number) => at === 0 || at === data.length || owners[at - 1] !== owners[at];
  return owners.includes(NOBODY) || !empty.every(isSeam) ? undefined : checked;
}

function integers(tree: Tree | undefined): bigint[] | undefined {
  if (tree?.kind !== "array") return undefined;
  const values: bigint[] = [];
  for (const item of tree.items) {
    if (item.kind !== "number" || !/^[0-9]+$/.test(item.text) || BigInt(item.text) >> 64n) return undefined;
    values.push(BigInt(item.text));
  }
  return values;
}

function parseTree(text: string): Tree {
  const tokens: RegExpExecArray[] = [];
  const body = text.replace(/[ \t\n\r]+$/, "");
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < body.length) {
    const token = TOKEN.exec(body);
    if (token === null) throw new Error("no token");
    tokens.push(token);
  }
  let next = 0;
  const punctuation = () => tokens[next]?.[1];
  const expect = (sign: string) => {
    if (tokens[next++]?.[1] !== sign) throw new Error(`no ${sign}`);
  };
  const list = (close: string, item: () => void) => {
    next++;
    if (punctuation() === close) return next++;
    for (item(); punctuation() === ","; item()) next++;
    return expect(close);
  };
  const value = (level: number): Tree => {
    const [, sign, string, number, word] = tokens[next] ?? [];
    if (sign === undefined) next++;
    if (string !== undefined) return { kind: "string", text: unquote(string) };
    if (number !== undefined) {
      if (Math.abs(Number(number)) === Number.POSITIVE_INFINITY) throw new Error("too large");
      return { kind: "number", text: number };
    }
    if (word !== undefined) return { kind: "word", text: word };
    if (level > 127) throw new Error("too deep");
    if (sign === "[") {
      const items: Tree[] = [];
      list("]", () => items.push(value(level + 1)));
      return { kind: "array", items };
    }
    if (sign !== "{") throw new Error("no value");
    const fields: [string, Tree][] = [];
    list("}", () => {
      const key = unquote(tokens[next++]?.[2]);
      expect(":");
      if (fields.some(([other]) => other === key)) throw new Error("twice");
      fields.push([key, value(level + 1)]);
    });
    return { kind: "object", fields };
  };
  const root = value(1);
  if (next !== tokens.length) throw new Error("more than one value");
  return root;
}

function unquote(token: string | undefined): string {
  const text: string = JSON.parse(token ?? "");
  // Half a surrogate pair does not survive UTF-8.
  if (Buffer.from(text).toString() !== text) throw new Error("lone surrogate");
  return text;
}
