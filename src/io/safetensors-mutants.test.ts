import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WeightsFileError } from "../errors.js";
import { readSafetensors, type SafetensorsFile } from "./read-safetensors.js";
import { checkSafetensors } from "./safetensors-checker.testing.js";
import { CORPUS, entry, handwritten, oneTensor } from "./safetensors-file.testing.js";
import { WEIGHTS_CODES } from "./weights-error.js";

const MUTANTS = 100_000;

/** Small and sound, and between them with everything that a rule speaks of. */
const SEEDS: [header: string, dataBytes: number][] = [
  [oneTensor(), 4],
  [
    `{"__metadata__":{"format":"pt","a":"\\u00e9"},${entry("a", "F16", "[2]", 0, 4)},${entry("b", "U8", "[1]", 4, 5)}} `,
    5,
  ],
  [`{${entry("z", "F32", "[0,3]", 2, 2)},${entry("w", "I8", "[2,1]", 0, 2)},${entry("y", "BOOL", "[3]", 2, 5)}}`, 5],
  [`{${entry("\\ud83d\\ude00é", "F4", "[4]", 0, 2)},${entry("a\\n", "F6_E3M2", "[4]", 2, 5)}}`, 5],
  [oneTensor(`,"more":[null,true,{"x":-1.5e3}]`), 4],
  [
    `{"__metadata__":null,${entry("s", "U8", "[]", 0, 1)},${entry("t", "U8", "[1]", 1, 2)},${entry("u", "U8", "[1]", 2, 3)}}`,
    3,
  ],
  ["{}", 0],
];
/** What a mutation puts in: the signs of JSON, digits, words of the format, and bytes that UTF-8 has rules for. */
const PIECES = [
  ...'{}[]:,"\\ \t\n0123456789-+.eE/u',
  ..."null,true,-0,1.0,1e0,01,-1,18446744073709551615,18446744073709551616,4294967296,9007199254740993".split(","),
  ..."dtype,shape,data_offsets,__metadata__,__proto__,F32,U8,F4,F8_E4M3,\\ud800,\\u0061,\\x,[0\\,0],{},[]".split(
    /(?<!\\),/,
  ),
  '"w":null,',
  '"__metadata__":{},',
  '"x":0,',
  '"shape":[],',
  "\u0000",
  "\u001f",
  "\ufeff",
  "é",
  "😀",
].map((text) => [...new TextEncoder().encode(text)]);
PIECES.push([0xff], [0xc0, 0xaf], [0x80], [0xed, 0xa0, 0x80]);

/** mulberry32: the same mutants in every run. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function mutate(seed: (typeof SEEDS)[number], random: (below: number) => number): Uint8Array {
  const header = [...new TextEncoder().encode(seed[0])];
  let dataBytes = seed[1];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(header.length + 1);
    const piece = PIECES[random(PIECES.length)]!;
    const length = 1 + random(8);
    switch (random(9)) {
      case 0:
        header.splice(at, 0, ...piece);
        break;
      case 1:
        header.splice(at, 1, ...piece);
        break;
      case 2:
        header.splice(at, length);
        break;
      case 3:
        header.splice(random(header.length + 1), 0, ...header.slice(at, at + length * 6));
        break;
      case 4:
        if (at < header.length) header[at] = header[at]! ^ (1 << random(8));
        break;
      case 5: {
        // A digit for a digit: the mutants that come closest to being sound.
        const digits = header.flatMap((byte, index) => (byte >= 0x30 && byte <= 0x39 ? [index] : []));
        if (digits.length > 0) header[digits[random(digits.length)]!] = 0x30 + random(10);
        break;
      }
      case 6:
        dataBytes = Math.max(0, dataBytes + random(3) - 1);
        break;
      case 7:
        header.splice(at, 0, 0x20);
        break;
      case 8: {
        // Two equal lengths swap places: the order of fields and tensors.
        const other = random(header.length + 1);
        const [one, two] = [header.slice(at, at + length), header.slice(other, other + length)];
        if (one.length === two.length) {
          header.splice(at, length, ...two);
          header.splice(other, length, ...one);
        }
        break;
      }
    }
  }
  const wrongLength = random(20) === 0 ? BigInt(Math.max(0, header.length + random(5) - 2)) : undefined;
  const file = handwritten(Uint8Array.from(header), dataBytes, wrongLength);
  return random(50) === 0 ? file.subarray(0, random(file.length)) : file;
}

/** What the reader says, in the checker's form; "no" as undefined. Throws on anything but a known refusal. */
function verdict(file: Uint8Array, codes: Map<string, number>): SafetensorsFile | undefined {
  try {
    return readSafetensors(file);
  } catch (error) {
    if (!(error instanceof WeightsFileError) || !(error.code in WEIGHTS_CODES)) throw error;
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
    return undefined;
  }
}

function summary({ metadata, tensors }: SafetensorsFile): unknown {
  return {
    metadata: Object.entries(metadata).sort(),
    tensors: [...tensors]
      .map(([name, { dtype, shape, bytes }]) => ({ name, dtype, shape: shape.map(String), bytes: [...bytes] }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function checkedSummary(file: Uint8Array): unknown {
  const checked = checkSafetensors(file);
  if (checked === undefined) return undefined;
  return {
    metadata: checked.metadata.sort(),
    tensors: checked.tensors
      .map((tensor) => ({ ...tensor, shape: tensor.shape.map((size) => String(Number(size))) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

it("the slow checker agrees with every verdict of the corpus", () => {
  const folder = join(CORPUS, "safetensors");
  const files = readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
  const { files: wanted } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const verdicts = files.map((file) => [
    file,
    checkSafetensors(readFileSync(join(folder, file))) ? "valid" : "invalid",
  ]);
  expect(Object.fromEntries(verdicts)).toEqual(
    Object.fromEntries(wanted.map((file: { file: string; our_verdict: string }) => [file.file, file.our_verdict])),
  );
});

it("100,000 mutants of sound files: the slow checker's verdict and contents on each, never a raw error", () => {
  const random = seededRandom(20);
  const codes = new Map<string, number>();
  let sound = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const file = mutate(SEEDS[random(SEEDS.length)]!, random);
    const found = verdict(file, codes);
    const checked = checkedSummary(file);
    if (found !== undefined && checked !== undefined) {
      sound++;
      if (JSON.stringify(summary(found)) !== JSON.stringify(checked)) expect(summary(found)).toEqual(checked);
    } else if ((found === undefined) !== (checked === undefined))
      expect.fail(
        `mutant ${i}: reader says ${found ? "valid" : "invalid"}: ${JSON.stringify(Buffer.from(file).toString("latin1"))}`,
      );
  }
  // Mutants that are all refused for one reason would prove nothing.
  expect(sound).toBeGreaterThan(MUTANTS / 20);
  expect(codes.size).toBeGreaterThanOrEqual(15);
}, 60_000);
