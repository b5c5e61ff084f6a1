import type { CoefficientPlane } from "./read-coefficients.js";

/** Samples of one component. */
export interface SamplePlane {
  /** `[rows, stride]`, rows padded to whole blocks. */
  readonly data: Uint8Array;
  readonly stride: number;
}

/** Fixed point of libjpeg's accurate integer transform (jidctint.c): constants x 2^13, 2 extra bits between the passes. */
const CONSTANT_BITS = 13;
const PASS_BITS = 2;
const C = {
  c0_298631336: 2446,
  c0_390180644: 3196,
  c0_541196100: 4433,
  c0_765366865: 6270,
  c0_899976223: 7373,
  c1_175875602: 9633,
  c1_501321110: 12299,
  c1_847759065: 15137,
  c1_961570560: 16069,
  c2_053119869: 16819,
  c2_562915447: 20995,
  c3_072711026: 25172,
} as const;

/** Dequantizes and transforms a component's blocks to samples, in libjpeg's arithmetic. */
export function inverseDct({ columns, rows, stride: blocksAcross, data, quantization }: CoefficientPlane): SamplePlane {
  const stride = columns * 8;
  const samples = new Uint8Array(stride * rows * 8);
  const block = new Int32Array(64);
  for (let blockY = 0; blockY < rows; blockY++) {
    for (let blockX = 0; blockX < columns; blockX++) {
      const at = (blockY * blocksAcross + blockX) * 64;
      for (let i = 0; i < 64; i++) block[i] = Math.imul(data[at + i]!, quantization![i]!);
      for (let column = 0; column < 8; column++) transform(block, column, 8, CONSTANT_BITS - PASS_BITS);
      for (let row = 0; row < 8; row++) transform(block, row * 8, 1, CONSTANT_BITS + PASS_BITS + 3);
      const to = blockY * 8 * stride + blockX * 8;
      for (let i = 0; i < 64; i++) samples[to + (i >> 3) * stride + (i & 7)] = toSample(block[i]!);
    }
  }
  return { data: samples, stride };
}

/** Eight frequencies to eight values, in place; Loeffler, Ligtenberg and Moschytz, as libjpeg orders it. */
function transform(block: Int32Array, at: number, step: number, shift: number): void {
  const [at1, at2, at3, at4] = [at + step, at + 2 * step, at + 3 * step, at + 4 * step];
  const [at5, at6, at7] = [at + 5 * step, at + 6 * step, at + 7 * step];
  const half = 1 << (shift - 1);

  const rotated = Math.imul(block[at2]! + block[at6]!, C.c0_541196100);
  const even2 = rotated - Math.imul(block[at6]!, C.c1_847759065);
  const even3 = rotated + Math.imul(block[at2]!, C.c0_765366865);
  const even0 = (block[at]! + block[at4]!) << CONSTANT_BITS;
  const even1 = (block[at]! - block[at4]!) << CONSTANT_BITS;
  const sum0 = even0 + even3 + half;
  const sum3 = even0 - even3 + half;
  const sum1 = even1 + even2 + half;
  const sum2 = even1 - even2 + half;

  const [in1, in3, in5, in7] = [block[at1]!, block[at3]!, block[at5]!, block[at7]!];
  const shared = Math.imul(in7 + in3 + in5 + in1, C.c1_175875602);
  const z1 = -Math.imul(in7 + in1, C.c0_899976223);
  const z2 = -Math.imul(in5 + in3, C.c2_562915447);
  const z3 = shared - Math.imul(in7 + in3, C.c1_961570560);
  const z4 = shared - Math.imul(in5 + in1, C.c0_390180644);
  const odd0 = Math.imul(in7, C.c0_298631336) + z1 + z3;
  const odd1 = Math.imul(in5, C.c2_053119869) + z2 + z4;
  const odd2 = Math.imul(in3, C.c3_072711026) + z2 + z3;
  const odd3 = Math.imul(in1, C.c1_501321110) + z1 + z4;

  block[at] = (sum0 + odd3) >> shift;
  block[at7] = (sum0 - odd3) >> shift;
  block[at1] = (sum1 + odd2) >> shift;
  block[at6] = (sum1 - odd2) >> shift;
  block[at2] = (sum2 + odd1) >> shift;
  block[at5] = (sum2 - odd1) >> shift;
  block[at3] = (sum3 + odd0) >> shift;
  block[at4] = (sum3 - odd0) >> shift;
}

function toSample(value: number): number {
  return Math.max(0, Math.min(255, value + 128));
}
