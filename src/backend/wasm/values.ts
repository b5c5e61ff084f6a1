import { type Code, float32, signed, unsigned } from "./bytes.js";

// Expressions of the small language that the kernels are written in. An expression is a recipe: it is evaluated where it is used, each time
// it is used. Keep it in a variable (`f.int(...)`, `f.vector(...)`) to fix its value or to compute it once.

/** An instruction of the SIMD group. */
const simd = (operands: Code, opcode: number, ...immediates: number[]): Code => [
  operands,
  0xfd,
  unsigned(opcode),
  immediates,
];
/** Alignment (as a power of two; only a hint) and offset of a load or store. */
export const at = (alignment: number, offset: number): number[] => [alignment, ...unsigned(offset)];

export type IntLike = Int | number;
export type RealLike = Real | number;

/** A 32-bit integer: an address in bytes, a count, or a condition (0 is false). */
export class Int {
  constructor(readonly code: Code) {}

  static of(value: IntLike): Int {
    return typeof value === "number" ? new Int([0x41, signed(value)]) : value;
  }

  private with(other: IntLike, opcode: number): Int {
    return new Int([this.code, Int.of(other).code, opcode]);
  }

  add(other: IntLike): Int {
    return other === 0 ? this : this.with(other, 0x6a);
  }
  sub(other: IntLike): Int {
    return this.with(other, 0x6b);
  }
  mul(other: IntLike): Int {
    return this.with(other, 0x6c);
  }
  /** Unsigned quotient. */
  div(other: IntLike): Int {
    return this.with(other, 0x6e);
  }
  /** Unsigned remainder. */
  rem(other: IntLike): Int {
    return this.with(other, 0x70);
  }
  and(other: IntLike): Int {
    return this.with(other, 0x71);
  }
  or(other: IntLike): Int {
    return this.with(other, 0x72);
  }
  shiftLeft(bits: IntLike): Int {
    return this.with(bits, 0x74);
  }
  shiftRight(bits: IntLike): Int {
    return this.with(bits, 0x76);
  }
  equals(other: IntLike): Int {
    return this.with(other, 0x46);
  }
  isZero(): Int {
    return new Int([this.code, 0x45]);
  }
  /** Signed, as the next three. */
  less(other: IntLike): Int {
    return this.with(other, 0x48);
  }
  /** Of two addresses: those from 2 GiB on are negative as signed numbers. */
  isBefore(address: Int): Int {
    return this.with(address, 0x49);
  }
  greater(other: IntLike): Int {
    return this.with(other, 0x4a);
  }
  lessOrEqual(other: IntLike): Int {
    return this.with(other, 0x4c);
  }
  atLeast(other: IntLike): Int {
    return this.with(other, 0x4e);
  }
  /** This where the condition holds, else the other; both are evaluated. */
  where(condition: Int, other: IntLike): Int {
    return new Int([this.code, Int.of(other).code, condition.code, 0x1b]);
  }
  /** The smaller one, signed; the operands are evaluated twice. */
  min(other: IntLike): Int {
    return this.where(this.less(other), other);
  }
  /** The larger one, signed; the operands are evaluated twice. */
  max(other: IntLike): Int {
    return this.where(this.greater(other), other);
  }
  toReal(): Real {
    return new Real([this.code, 0xb2]);
  }
  /** These 32 bits read as a float32. */
  asReal(): Real {
    return new Real([this.code, 0xbe]);
  }
}

/** A float32. */
export class Real {
  constructor(readonly code: Code) {}

  static of(value: RealLike): Real {
    return typeof value === "number" ? new Real([0x43, float32(value)]) : value;
  }

  private with(other: RealLike, opcode: number): Real {
    return new Real([this.code, Real.of(other).code, opcode]);
  }

  add(other: RealLike): Real {
    return this.with(other, 0x92);
  }
  sub(other: RealLike): Real {
    return this.with(other, 0x93);
  }
  mul(other: RealLike): Real {
    return this.with(other, 0x94);
  }
  div(other: RealLike): Real {
    return this.with(other, 0x95);
  }
  min(other: RealLike): Real {
    return this.with(other, 0x96);
  }
  max(other: RealLike): Real {
    return this.with(other, 0x97);
  }
  greater(other: RealLike): Int {
    return new Int([this.code, Real.of(other).code, 0x5e]);
  }
  sqrt(): Real {
    return new Real([this.code, 0x91]);
  }
  /** The nearest integer, ties to even. */
  nearest(): Real {
    return new Real([this.code, 0x90]);
  }
  /** Toward zero; NaN is 0, and what is too large the largest. */
  toInt(): Int {
    return new Int([this.code, 0xfc, 0]);
  }
  abs(): Real {
    return new Real([this.code, 0x8b]);
  }
  neg(): Real {
    return new Real([this.code, 0x8c]);
  }
  /** These 32 bits read as an integer. */
  asInt(): Int {
    return new Int([this.code, 0xbc]);
  }
  /** All four lanes of a vector. */
  splat(): Vector {
    return new Vector(simd(this.code, 0x13));
  }
}

/** Four float32, or the same 128 bits as four integers where a method says so. */
export class Vector {
  constructor(readonly code: Code) {}

  private with(other: Vector, opcode: number): Vector {
    return new Vector(simd([this.code, other.code], opcode));
  }

  add(other: Vector): Vector {
    return this.with(other, 0xe4);
  }
  sub(other: Vector): Vector {
    return this.with(other, 0xe5);
  }
  mul(other: Vector): Vector {
    return this.with(other, 0xe6);
  }
  div(other: Vector): Vector {
    return this.with(other, 0xe7);
  }
  sqrt(): Vector {
    return new Vector(simd(this.code, 0xe3));
  }
  neg(): Vector {
    return new Vector(simd(this.code, 0xe1));
  }
  abs(): Vector {
    return new Vector(simd(this.code, 0xe0));
  }
  /** `other < this ? other : this`: one instruction, and a NaN in `this` stays. */
  atMost(other: Vector): Vector {
    return this.with(other, 0xea);
  }
  /** `this < other ? other : this`: one instruction, and a NaN in `this` stays. */
  atLeast(other: Vector): Vector {
    return this.with(other, 0xeb);
  }
  /** All bits set in the lanes where this is greater. */
  greater(other: Vector): Vector {
    return this.with(other, 0x44);
  }
  and(other: Vector): Vector {
    return this.with(other, 0x4e);
  }
  or(other: Vector): Vector {
    return this.with(other, 0x50);
  }
  anyTrue(): Int {
    return new Int(simd(this.code, 0x53));
  }
  /** Lanes as integers. */
  addInt(other: Vector): Vector {
    return this.with(other, 0xae);
  }
  /** Lanes as integers: all bits set where this is at least the other, signed. */
  atLeastInt(other: Vector): Vector {
    return this.with(other, 0x40);
  }
  /**
   * Lanes as integers: each lane of `sum` plus the four products of this one's signed bytes with the other's unsigned ones. Relaxed: where the
   * other's bytes are above 127, machines differ.
   */
  dotBytes(other: Vector, sum: Vector): Vector {
    return new Vector(simd([this.code, other.code, sum.code], 0x113));
  }
  /** Lanes as 16-bit integers: the sums of the two products of this one's signed bytes with the other's unsigned ones of at most 127. */
  dotBytesToShorts(other: Vector): Vector {
    return this.with(other, 0x112);
  }
  /** Lanes as integers: the sums of the two products of signed 16-bit integers of each lane. */
  dotShorts(other: Vector): Vector {
    return this.with(other, 0xba);
  }
  /** Lanes as signed integers → float32. */
  toFloats(): Vector {
    return new Vector(simd(this.code, 0xfa));
  }
  /** Lanes as float32 → signed integers toward zero; NaN is 0, and what is too large the largest. */
  toInts(): Vector {
    return new Vector(simd(this.code, 0xf8));
  }
  /** Lanes rounded to the nearest integer, ties to even. */
  nearest(): Vector {
    return new Vector(simd(this.code, 0x6a));
  }
  /** Lanes as signed integers, this one's four and the other's, to 16 bits with saturation. */
  narrowToShorts(other: Vector): Vector {
    return this.with(other, 0x85);
  }
  /** Lanes as signed 16-bit integers, this one's eight and the other's, to unsigned bytes with saturation. */
  narrowToBytes(other: Vector): Vector {
    return this.with(other, 0x66);
  }
  /** Lanes as signed 16-bit integers, this one's eight and the other's, to signed bytes with saturation. */
  narrowToSignedBytes(other: Vector): Vector {
    return this.with(other, 0x65);
  }
  /** Lanes as integers. */
  shiftLeft(bits: number): Vector {
    return new Vector(simd([this.code, Int.of(bits).code], 0xab));
  }
  lane(index: 0 | 1 | 2 | 3): Real {
    return new Real(simd(this.code, 0x1f, index));
  }
  /** Four lanes chosen out of the eight of this and the other. */
  shuffle(other: Vector, lanes: readonly [number, number, number, number]): Vector {
    const bytes = lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]);
    return new Vector(simd([this.code, other.code], 0x0d, ...bytes));
  }
  /** Sum of the lanes; the vector is evaluated four times, so it should be a variable. */
  sumOfLanes(): Real {
    return this.lane(0)
      .add(this.lane(1))
      .add(this.lane(2).add(this.lane(3)));
  }
  /** Smallest lane; the vector is evaluated four times, so it should be a variable. */
  minOfLanes(): Real {
    return this.lane(0)
      .min(this.lane(1))
      .min(this.lane(2).min(this.lane(3)));
  }
  /** A lane as an integer. */
  laneAsInt(index: 0 | 1 | 2 | 3): Int {
    return new Int(simd(this.code, 0x1b, index));
  }
  /** Largest lane; the vector is evaluated four times, so it should be a variable. */
  maxOfLanes(): Real {
    return this.lane(0)
      .max(this.lane(1))
      .max(this.lane(2).max(this.lane(3)));
  }
}

export const vectorZero = (): Vector => new Vector([0xfd, 0x0c, Array(16).fill(0)]);
/** One 32-bit pattern in all lanes. */
export const vectorOfInt = (value: IntLike): Vector => new Vector(simd(Int.of(value).code, 0x11));

export const loadInt = (address: Int, offset = 0): Int => new Int([address.code, 0x28, at(2, offset)]);
/** A 16-bit element, zero extended. */
export const loadShort = (address: Int, offset = 0): Int => new Int([address.code, 0x2f, at(1, offset)]);
export const loadReal = (address: Int, offset = 0): Real => new Real([address.code, 0x2a, at(2, offset)]);
export const load = (address: Int, offset = 0): Vector => new Vector(simd(address.code, 0x00, ...at(2, offset)));
/** One float32 in all lanes. */
export const loadSplat = (address: Int, offset = 0): Vector => new Vector(simd(address.code, 0x09, ...at(2, offset)));
/** Four 16-bit elements, zero extended to 32 bits each. */
export const loadShorts = (address: Int, offset = 0): Vector => new Vector(simd(address.code, 0x04, ...at(1, offset)));

/** Sequentially consistent operations on one aligned 32-bit word. */
export const atomic = {
  load: (address: Int): Int => new Int([address.code, 0xfe, 0x10, at(2, 0)]),
  store: (address: Int, value: IntLike): Code => [address.code, Int.of(value).code, 0xfe, 0x17, at(2, 0)],
  /** Gives the old value. */
  add: (address: Int, value: IntLike): Int => new Int([address.code, Int.of(value).code, 0xfe, 0x1e, at(2, 0)]),
  /** Gives the old value. */
  sub: (address: Int, value: IntLike): Int => new Int([address.code, Int.of(value).code, 0xfe, 0x25, at(2, 0)]),
  /** Sleeps for as long as the word holds the value and nobody notifies. */
  wait: (address: Int, value: IntLike): Int =>
    new Int([address.code, Int.of(value).code, 0x42, signed(-1), 0xfe, 0x01, at(2, 0)]),
  /** Wakes all that sleep on the word; gives their number. */
  notify: (address: Int): Int => new Int([address.code, Int.of(-1).code, 0xfe, 0x00, at(2, 0)]),
};
