import type { CoefficientPlane } from "./read-coefficients.js";

/** Samples of one component. */
export interface SamplePlane {
  /** `[rows, stride]`, rows padded to whole blocks. */
  readonly data: Uint8ClampedArray;
  readonly stride: number;
}

/** Fixed point of libjpeg's accurate integer transform (jidctint.c): constants x 2^13, 2 extra bits between the passes. */
const CONSTANT_BITS = 13;
const PASS_BITS = 2;
const COLUMN_SHIFT = CONSTANT_BITS - PASS_BITS;
const ROW_SHIFT = CONSTANT_BITS + PASS_BITS + 3;
const C0_298631336 = 2446;
const C0_390180644 = 3196;
const C0_541196100 = 4433;
const C0_765366865 = 6270;
const C0_899976223 = 7373;
const C1_175875602 = 9633;
const C1_501321110 = 12299;
const C1_847759065 = 15137;
const C1_961570560 = 16069;
const C2_053119869 = 16819;
const C2_562915447 = 20995;
const C3_072711026 = 25172;

/**
 * Dequantizes and transforms a component's blocks to samples, in the arithmetic of libjpeg-turbo's SIMD code, which Pillow
 * runs: sums and products wrap at 16 bits, and both passes saturate there. (Its plain C code wraps samples that overshoot
 * instead: black dots in the white of sharp drawings.)
 */
export function inverseDct({ columns, rows, stride: blocksAcross, data, quantization }: CoefficientPlane): SamplePlane {
  const stride = columns * 8;
  const samples = new Uint8ClampedArray(stride * rows * 8);
  // A component that no scan mentions has no table, and no frequencies either.
  const factors = quantization ?? new Uint16Array(64);
  const block = new Int32Array(64);
  for (let blockY = 0; blockY < rows; blockY++) {
    for (let blockX = 0; blockX < columns; blockX++) {
      const hasOneRow = dequantize(data, (blockY * blocksAcross + blockX) * 64, factors, block);
      const to = blockY * 8 * stride + blockX * 8;
      if (hasOneRow) {
        // All rows come out alike. Here libjpeg-turbo's first pass is a shift, which wraps.
        for (let i = 0; i < 8; i++) block[i] = wrap16(block[i]! << PASS_BITS);
        transform(block, 0, 1, ROW_SHIFT);
        for (let i = 0; i < 8; i++) samples[to + i] = block[i]! + 128;
        for (let row = 1; row < 8; row++) samples.copyWithin(to + row * stride, to, to + 8);
        continue;
      }
      for (let column = 0; column < 8; column++) transform(block, column, 8, COLUMN_SHIFT);
      for (let row = 0; row < 8; row++) {
        const at = row * 8;
        transform(block, at, 1, ROW_SHIFT);
        const target = to + row * stride;
        for (let i = 0; i < 8; i++) samples[target + i] = block[at + i]! + 128;
      }
    }
  }
  return { data: samples, stride };
}

/** Multiplies a block of frequencies, `[64]`, into `block`; true: only its first row has any. */
function dequantize(data: Int16Array, at: number, factors: Uint16Array, block: Int32Array): boolean {
  let below = 0;
  for (let i = 0; i < 64; i++) {
    const level = data[at + i]!;
    if (i >= 8) below |= level;
    block[i] = level === 0 ? 0 : wrap16(Math.imul(level, factors[i]!));
  }
  return below === 0;
}

/** Eight frequencies to eight values, in place; Loeffler, Ligtenberg and Moschytz, as libjpeg orders it. */
function transform(block: Int32Array, at0: number, step: number, shift: number): void {
  const at1 = at0 + step;
  const at2 = at1 + step;
  const at3 = at2 + step;
  const at4 = at3 + step;
  const at5 = at4 + step;
  const at6 = at5 + step;
  const at7 = at6 + step;
  const in1 = block[at1]!;
  const in2 = block[at2]!;
  const in3 = block[at3]!;
  const in5 = block[at5]!;
  const in6 = block[at6]!;
  const in7 = block[at7]!;
  const half = 1 << (shift - 1);
  if ((in1 | in2 | in3 | block[at4]! | in5 | in6 | in7) === 0) {
    const flat = saturate16(((block[at0]! << CONSTANT_BITS) + half) >> shift);
    for (let i = 0, at = at0; i < 8; i++, at += step) block[at] = flat;
    return;
  }

  const rotated = Math.imul(in2 + in6, C0_541196100);
  const even2 = (rotated - Math.imul(in6, C1_847759065)) | 0;
  const even3 = (rotated + Math.imul(in2, C0_765366865)) | 0;
  const even0 = (wrap16(block[at0]! + block[at4]!) << CONSTANT_BITS) + half;
  const even1 = (wrap16(block[at0]! - block[at4]!) << CONSTANT_BITS) + half;
  const sum0 = (even0 + even3) | 0;
  const sum3 = (even0 - even3) | 0;
  const sum1 = (even1 + even2) | 0;
  const sum2 = (even1 - even2) | 0;

  const in37 = wrap16(in7 + in3);
  const in15 = wrap16(in5 + in1);
  const shared = Math.imul(in37 + in15, C1_175875602);
  const z1 = -Math.imul(in7 + in1, C0_899976223);
  const z2 = -Math.imul(in5 + in3, C2_562915447);
  const z3 = (shared - Math.imul(in37, C1_961570560)) | 0;
  const z4 = (shared - Math.imul(in15, C0_390180644)) | 0;
  const odd0 = (Math.imul(in7, C0_298631336) + z1 + z3) | 0;
  const odd1 = (Math.imul(in5, C2_053119869) + z2 + z4) | 0;
  const odd2 = (Math.imul(in3, C3_072711026) + z2 + z3) | 0;
  const odd3 = (Math.imul(in1, C1_501321110) + z1 + z4) | 0;

  block[at0] = saturate16((sum0 + odd3) >> shift);
  block[at7] = saturate16((sum0 - odd3) >> shift);
  block[at1] = saturate16((sum1 + odd2) >> shift);
  block[at6] = saturate16((sum1 - odd2) >> shift);
  block[at2] = saturate16((sum2 + odd1) >> shift);
  block[at5] = saturate16((sum2 - odd1) >> shift);
  block[at3] = saturate16((sum3 + odd0) >> shift);
  block[at4] = saturate16((sum3 - odd0) >> shift);
}

function wrap16(value: number): number {
  return (value << 16) >> 16;
}

function saturate16(value: number): number {
  return value < -32768 ? -32768 : Math.min(value, 32767);
}
