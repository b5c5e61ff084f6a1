import { ImageError } from "../../../errors.js";
import type { HuffmanTable } from "./huffman-table.js";
import type { CoefficientPlane } from "./read-coefficients.js";
import type { ScanBits } from "./scan-bits.js";
import { ZIGZAG } from "./zigzag.js";

export interface ScanComponent {
  readonly plane: CoefficientPlane;
  readonly dc?: HuffmanTable;
  readonly ac?: HuffmanTable;
  /** The last block's first frequency, which the next one is stored relative to. */
  predictor: number;
}

/** Which frequencies, in zigzag order, and which bits of them a scan holds. */
export interface ScanRange {
  readonly kind: "sequential" | "progressive";
  readonly start: number;
  readonly end: number;
  /** The bit that an earlier scan stopped at; 0 in a first scan. */
  readonly high: number;
  readonly low: number;
}

/** Reads one block, whose 64 frequencies begin at `at`. */
type BlockReader = (component: ScanComponent, at: number) => void;

/**
 * Reads one scan into its components' planes.
 *
 * @param interval units between restart markers; 0: there are none
 * @param units the picture's size in units of all components' blocks
 */
export function readScan(
  bits: ScanBits,
  components: ScanComponent[],
  range: ScanRange,
  interval: number,
  units: { columns: number; rows: number },
): void {
  const reader = new BlockScan(bits, range);
  const only = components.length === 1 ? components[0]!.plane : undefined;
  const { columns, rows } = only ?? units;
  for (let unit = 0; unit < columns * rows; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      bits.restart(unit / interval - 1);
      reader.blocksToSkip = 0;
      for (const component of components) component.predictor = 0;
    }
    if (bits.isExhausted) continue;
    const unitX = unit % columns;
    const unitY = Math.floor(unit / columns);
    if (only) {
      reader.read(components[0]!, (unitY * only.stride + unitX) * 64);
      continue;
    }
    for (const component of components) {
      const { stride, component: sampling } = component.plane;
      for (let y = 0; y < sampling.down; y++)
        for (let x = 0; x < sampling.across; x++)
          reader.read(component, ((unitY * sampling.down + y) * stride + unitX * sampling.across + x) * 64);
    }
  }
}

/** The five codings of a block: ITU T.81, annexes F.2 and G.2. */
class BlockScan {
  /** Blocks of the current end-of-band run. */
  blocksToSkip = 0;
  readonly read: BlockReader;

  constructor(
    private readonly bits: ScanBits,
    private readonly range: ScanRange,
  ) {
    if (range.kind === "sequential") this.read = this.sequential;
    else if (range.start === 0) this.read = range.high === 0 ? this.firstDc : this.refineDc;
    else this.read = range.high === 0 ? this.firstAc : this.refineAc;
  }

  private sequential(component: ScanComponent, at: number): void {
    const { bits } = this;
    const { data } = component.plane;
    const ac = tableOf(component.ac);
    this.firstDc(component, at);
    for (let k = 1; k < 64; k++) {
      const symbol = ac.read(bits);
      const size = symbol & 15;
      k += symbol >> 4;
      if (size === 0 && symbol !== 0xf0) break;
      if (size > 0) data[at + ZIGZAG[k]!] = bits.readSigned(size);
    }
  }

  private firstDc(component: ScanComponent, at: number): void {
    const size = tableOf(component.dc).read(this.bits);
    if (size > 15) throw corrupt();
    component.predictor += size > 0 ? this.bits.readSigned(size) : 0;
    component.plane.data[at] = component.predictor << this.range.low;
  }

  private refineDc(component: ScanComponent, at: number): void {
    if (this.bits.read(1)) component.plane.data[at]! |= 1 << this.range.low;
  }

  private firstAc(component: ScanComponent, at: number): void {
    if (this.blocksToSkip > 0) {
      this.blocksToSkip--;
      return;
    }
    const { bits, range } = this;
    const ac = tableOf(component.ac);
    for (let k = range.start; k <= range.end; k++) {
      const symbol = ac.read(bits);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size === 0 && run < 15) {
        this.blocksToSkip = (1 << run) + bits.read(run) - 1;
        break;
      }
      k += run;
      if (size > 0) component.plane.data[at + ZIGZAG[k]!] = bits.readSigned(size) << range.low;
    }
  }

  private refineAc(component: ScanComponent, at: number): void {
    const { bits, range } = this;
    const { data } = component.plane;
    const ac = tableOf(component.ac);
    const one = 1 << range.low;
    let k = range.start;
    if (this.blocksToSkip === 0) {
      for (; k <= range.end; k++) {
        const symbol = ac.read(bits);
        const run = symbol >> 4;
        const isNew = (symbol & 15) > 0;
        if (!isNew && run < 15) {
          this.blocksToSkip = (1 << run) + bits.read(run);
          break;
        }
        const value = isNew ? (bits.read(1) ? one : -one) : 0;
        k = this.refineRun(data, at, k, run);
        if (isNew) data[at + ZIGZAG[k]!] = value;
      }
    }
    if (this.blocksToSkip > 0) {
      this.refineRun(data, at, k, 64);
      this.blocksToSkip--;
    }
  }

  /** Refines what is already there, from `k` on, until `zeros` places without a value are passed; returns the place. */
  private refineRun(data: Int16Array, at: number, k: number, zeros: number): number {
    const one = 1 << this.range.low;
    for (; k <= this.range.end; k++) {
      const place = at + ZIGZAG[k]!;
      const value = data[place]!;
      if (value === 0) {
        if (zeros === 0) break;
        zeros--;
      } else if (this.bits.read(1) && (value & one) === 0) data[place] = value + (value > 0 ? one : -one);
    }
    return k;
  }
}

function tableOf(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw corrupt();
  return table;
}

function corrupt(): ImageError {
  return new ImageError(
    "image/corrupt",
    "The JPEG has a scan without valid Huffman codes. It is damaged: get it again.",
    {
      details: { format: "JPEG" },
    },
  );
}
