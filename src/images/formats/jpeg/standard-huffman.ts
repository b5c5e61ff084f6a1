import { HuffmanTable } from "./huffman-table.js";

/** ITU T.81, tables K.3 to K.6: codes of 1 to 16 bits, then their symbols in hexadecimal. */
const LUMA_DC = [[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], "000102030405060708090a0b"] as const;
const CHROMA_DC = [[0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], "000102030405060708090a0b"] as const;
const LUMA_AC = [
  [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
  `01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a4344
   45464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4
   b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa`,
] as const;
const CHROMA_AC = [
  [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
  `000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a43
   4445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2
   b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa`,
] as const;

/** A table as files state it: how many codes there are of 1 to 16 bits, and their symbols in order. */
export interface HuffmanCodes {
  counts: Uint8Array;
  symbols: Uint8Array;
}

/** The standard tables by their number: 0 for luma, 1 for chroma. */
export function standardHuffmanCodes(): { dc: HuffmanCodes[]; ac: HuffmanCodes[] } {
  const codes = ([counts, symbols]: readonly [readonly number[], string]) => ({
    counts: Uint8Array.from(counts),
    symbols: fromHex(symbols),
  });
  return { dc: [LUMA_DC, CHROMA_DC].map(codes), ac: [LUMA_AC, CHROMA_AC].map(codes) };
}

/** By table number, as libjpeg-turbo presets them for sequential JPEGs: the frames of Motion JPEG come without tables. */
export function standardHuffmanTables(): { dc: Map<number, HuffmanTable>; ac: Map<number, HuffmanTable> } {
  const tables = (list: HuffmanCodes[]) =>
    new Map(list.map(({ counts, symbols }, number) => [number, new HuffmanTable(counts, symbols)]));
  const { dc, ac } = standardHuffmanCodes();
  return { dc: tables(dc), ac: tables(ac) };
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (digits) => Number.parseInt(digits, 16));
}
