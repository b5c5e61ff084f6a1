import { ImageError } from "../../../errors.js";
import { ByteReader } from "../../byte-reader.js";
import { hasSegment, isFrame, type JpegComponent, type JpegOutline, nextMarker } from "../jpeg-markers.js";
import { HuffmanTable } from "./huffman-table.js";
import { readScan, type ScanComponent, type ScanRange } from "./read-scan.js";
import { ScanBits } from "./scan-bits.js";
import { standardHuffmanTables } from "./standard-huffman.js";
import { ZIGZAG } from "./zigzag.js";

/** One component's quantized frequencies. */
export interface CoefficientPlane {
  readonly component: JpegComponent;
  /** Blocks that hold pixels. */
  readonly columns: number;
  readonly rows: number;
  /** Blocks a row in `data`, with those that only fill the last unit. */
  readonly stride: number;
  /** `[rows, stride, 64]`, in natural order. */
  readonly data: Int16Array;
  /** `[64]`, in natural order; those that were set when the component's first scan began. */
  quantization?: Uint16Array;
}

const MARKER = {
  tem: 0x01,
  dht: 0xc4,
  dac: 0xcc,
  eoi: 0xd9,
  sos: 0xda,
  dqt: 0xdb,
  dri: 0xdd,
  app0: 0xe0,
  app15: 0xef,
  com: 0xfe,
} as const;

/** The tables that markers have set so far; scans use what they find. */
class Tables {
  readonly quantization = new Map<number, Uint16Array>();
  readonly dc: Map<number, HuffmanTable>;
  readonly ac: Map<number, HuffmanTable>;
  restartInterval = 0;

  constructor(process: JpegOutline["process"]) {
    const standard = process === "sequential" ? standardHuffmanTables() : undefined;
    this.dc = standard?.dc ?? new Map();
    this.ac = standard?.ac ?? new Map();
  }

  read(marker: number, reader: ByteReader): void {
    if (marker === MARKER.dri) this.restartInterval = reader.uint16();
    while (marker === MARKER.dqt && reader.remaining > 0) {
      const head = tableHead(reader);
      const table = new Uint16Array(64);
      for (const place of ZIGZAG.subarray(0, 64)) table[place] = head >> 4 ? reader.uint16() : reader.uint8();
      this.quantization.set(head & 15, table);
    }
    while (marker === MARKER.dht && reader.remaining > 0) {
      const head = tableHead(reader);
      const counts = reader.take(16);
      const symbols = reader.take(counts.reduce((sum, count) => sum + count, 0));
      if (head >> 4 === 0 && symbols.some((size) => size > 15)) throw corrupt("has an impossible Huffman table");
      (head >> 4 ? this.ac : this.dc).set(head & 15, new HuffmanTable(counts, symbols));
    }
  }
}

/** A table's class in the upper four bits and its number, 0 to 3, in the lower. */
function tableHead(reader: ByteReader): number {
  const head = reader.uint8();
  if ((head & 15) > 3) throw corrupt(`has a table number ${head & 15}`);
  return head;
}

/**
 * Reads all scans of a sequential or progressive JPEG.
 *
 * @throws ImageError `image/truncated` when a scan's data end too early, `image/corrupt`
 */
export function readCoefficients(bytes: Uint8Array, outline: JpegOutline): CoefficientPlane[] {
  const planes = outline.components.map((component) => planeFor(component, outline));
  const tables = new Tables(outline.process);
  const reader = new ByteReader(bytes, "JPEG", "big");
  reader.position = 2; // the start marker
  let marker = nextMarker(reader);
  for (; marker !== undefined && marker !== MARKER.eoi; marker = nextMarker(reader)) {
    if (!isKnown(marker)) throw corrupt(`has the unknown marker 0x${marker.toString(16)}`);
    if (!hasSegment(marker)) continue;
    if (reader.remaining < 2) break;
    const length = reader.uint16();
    const segment = new ByteReader(reader.take(Math.max(0, length - 2)), "JPEG", "big");
    if (marker !== MARKER.sos) {
      tables.read(marker, segment);
      continue;
    }
    const { components, range } = readScanHeader(segment, outline, planes, tables);
    const bits = new ScanBits(bytes, reader.position);
    const unit = units(outline);
    readScan(bits, components, range, tables.restartInterval, unit);
    reader.position = bits.position;
  }
  return planes;
}

/** What libjpeg knows; it gives up at any other marker. */
function isKnown(marker: number): boolean {
  const isTable = marker === MARKER.dht || marker === MARKER.dac || (marker >= MARKER.sos && marker <= MARKER.dri);
  const isMetadata = (marker >= MARKER.app0 && marker <= MARKER.app15) || marker === MARKER.com;
  return isTable || isMetadata || isFrame(marker) || marker === MARKER.tem;
}

/** How many units of all components' blocks the picture has. */
function units({ width, height, components }: JpegOutline): { columns: number; rows: number } {
  const across = Math.max(...components.map((component) => component.across));
  const down = Math.max(...components.map((component) => component.down));
  return { columns: Math.ceil(width / (8 * across)), rows: Math.ceil(height / (8 * down)) };
}

function planeFor(component: JpegComponent, outline: JpegOutline): CoefficientPlane {
  const { width, height, components } = outline;
  const across = Math.max(...components.map((other) => other.across));
  const down = Math.max(...components.map((other) => other.down));
  const { columns: unitColumns, rows: unitRows } = units(outline);
  const stride = unitColumns * component.across;
  return {
    component,
    columns: Math.ceil(Math.ceil((width * component.across) / across) / 8),
    rows: Math.ceil(Math.ceil((height * component.down) / down) / 8),
    stride,
    data: new Int16Array(stride * unitRows * component.down * 64),
  };
}

function readScanHeader(segment: ByteReader, outline: JpegOutline, planes: CoefficientPlane[], tables: Tables) {
  const count = segment.uint8();
  if (count < 1 || count > planes.length) throw corrupt(`has a scan of ${count} components`);
  const components = Array.from({ length: count }, (): ScanComponent => {
    const id = segment.uint8();
    const selector = segment.uint8();
    const plane = planes.find(({ component }) => component.id === id);
    if (!plane) throw corrupt(`has a scan of the unknown component ${id}`);
    plane.quantization ??= tables.quantization.get(plane.component.quantization);
    if (!plane.quantization) throw corrupt("has a component without a quantization table");
    return { plane, dc: tables.dc.get(selector >> 4), ac: tables.ac.get(selector & 15), predictor: 0 };
  });
  // The standard's limit on a unit of several components.
  const blocks = components.reduce((sum, { plane: { component } }) => sum + component.across * component.down, 0);
  if (count > 1 && blocks > 10) throw corrupt(`has ${blocks} blocks in a unit`);
  const [start, end, approximation] = [segment.uint8(), segment.uint8(), segment.uint8()];
  const range: ScanRange =
    outline.process === "sequential"
      ? { kind: "sequential", start: 0, end: 63, high: 0, low: 0 }
      : { kind: "progressive", start, end, high: approximation >> 4, low: approximation & 15 };
  if (
    range.end > 63 ||
    range.start > range.end ||
    range.low > 13 ||
    (range.start === 0) !== (range.end === 0 || range.kind === "sequential")
  )
    throw corrupt("has a scan of impossible frequencies");
  if (range.start > 0 && count > 1) throw corrupt("has a scan of higher frequencies of several components");
  return { components, range };
}

function corrupt(what: string): ImageError {
  return new ImageError("image/corrupt", `The JPEG ${what}. It is damaged: get it again.`, {
    details: { format: "JPEG" },
  });
}
