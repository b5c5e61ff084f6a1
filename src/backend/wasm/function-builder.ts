import { type Code, flatten, unsigned } from "./bytes.js";
import { at, Int, type IntLike, loadSplat, Real, type RealLike, Vector, vectorZero } from "./values.js";

/** Types of WebAssembly, by what they are used for here. */
export type Kind = "int" | "real" | "vector";
/** Names and kinds of a function's parameters, in order. */
export type Signature = Record<string, Kind>;
export type Variables<S extends Signature> = {
  [K in keyof S]: S[K] extends "int" ? IntVariable : S[K] extends "real" ? RealVariable : VectorVariable;
};
export type Arguments<S extends Signature> = {
  [K in keyof S]: S[K] extends "int" ? IntLike : S[K] extends "real" ? RealLike : Vector;
};
/** A function of the module, to be called by the names of its parameters. */
export interface FunctionHandle<S extends Signature> {
  readonly index: number;
  readonly signature: S;
}

export const TYPE_CODES: Record<Kind, number> = { int: 0x7f, real: 0x7d, vector: 0x7b };

export class IntVariable extends Int {
  constructor(
    private readonly owner: FunctionBuilder,
    private readonly local: number,
  ) {
    super([0x20, unsigned(local)]);
  }
  set(value: IntLike): void {
    this.owner.emit([Int.of(value).code, 0x21, unsigned(this.local)]);
  }
  increase(by: IntLike): void {
    this.set(this.add(by));
  }
  /** Sets and gives the value in one expression. */
  tee(value: Int): Int {
    return new Int([value.code, 0x22, unsigned(this.local)]);
  }
}

export class RealVariable extends Real {
  constructor(
    private readonly owner: FunctionBuilder,
    private readonly local: number,
  ) {
    super([0x20, unsigned(local)]);
  }
  set(value: RealLike): void {
    this.owner.emit([Real.of(value).code, 0x21, unsigned(this.local)]);
  }
}

export class VectorVariable extends Vector {
  constructor(
    private readonly owner: FunctionBuilder,
    private readonly local: number,
  ) {
    super([0x20, unsigned(local)]);
  }
  set(value: Vector): void {
    this.owner.emit([value.code, 0x21, unsigned(this.local)]);
  }
}

/** How products are summed: in one relaxed instruction, or by plain SIMD's multiply and add. */
export type Multiplication = "relaxed" | "plain";

/** What a function needs of its module. */
export interface ModuleContext {
  readonly multiplication: Multiplication;
  /** Address of a float32 constant in memory. */
  constant(value: number): number;
}

/** The body of one function, built statement by statement. */
export class FunctionBuilder {
  private readonly locals: number[] = [];
  private statements: Code[] = [];
  /** Statements that fill constants, run before all others. */
  private readonly prologue: Code[] = [];
  private readonly constants = new Map<number, VectorVariable>();

  constructor(
    private readonly module: ModuleContext,
    private readonly parameters: number,
  ) {}

  emit(code: Code): void {
    this.statements.push(code);
  }

  private local(kind: Kind): number {
    return this.parameters + this.locals.push(TYPE_CODES[kind]) - 1;
  }

  int(value: IntLike): IntVariable {
    const variable = new IntVariable(this, this.local("int"));
    variable.set(value);
    return variable;
  }
  real(value: RealLike): RealVariable {
    const variable = new RealVariable(this, this.local("real"));
    variable.set(value);
    return variable;
  }
  vector(value: Vector = vectorZero()): VectorVariable {
    const variable = new VectorVariable(this, this.local("vector"));
    variable.set(value);
    return variable;
  }
  /** A variable without a first value: for what a loop sets before it reads. */
  blankVector(): VectorVariable {
    return new VectorVariable(this, this.local("vector"));
  }

  /**
   * A number in all lanes, kept in a variable that is loaded from memory when the function starts. V8 would build a literal again at each
   * use: 20 % of the time of a whole attention.
   */
  constant(value: number): Vector {
    let variable = this.constants.get(value);
    if (!variable) {
      variable = this.blankVector();
      this.constants.set(value, variable);
      const statements = this.statements;
      this.statements = this.prologue;
      variable.set(loadSplat(Int.of(this.module.constant(value))));
      this.statements = statements;
    }
    return variable;
  }

  /** `a * b + c`: fused where the instruction set has it. */
  multiplyAdd(a: Vector, b: Vector, c: Vector): Vector {
    if (this.module.multiplication === "plain") return c.add(a.mul(b));
    return new Vector([a.code, b.code, c.code, 0xfd, unsigned(0x105)]);
  }

  store(address: Int, value: Vector, offset = 0): void {
    this.emit([address.code, value.code, 0xfd, 0x0b, at(2, offset)]);
  }
  storeReal(address: Int, value: RealLike, offset = 0): void {
    this.emit([address.code, Real.of(value).code, 0x38, at(2, offset)]);
  }
  storeInt(address: Int, value: IntLike, offset = 0): void {
    this.emit([address.code, Int.of(value).code, 0x36, at(2, offset)]);
  }
  storeShort(address: Int, value: IntLike, offset = 0): void {
    this.emit([address.code, Int.of(value).code, 0x3b, at(1, offset)]);
  }
  storeByte(address: Int, value: IntLike, offset = 0): void {
    this.emit([address.code, Int.of(value).code, 0x3a, at(0, offset)]);
  }
  copyBytes(target: IntLike, source: IntLike, bytes: IntLike): void {
    this.emit([Int.of(target).code, Int.of(source).code, Int.of(bytes).code, 0xfc, 0x0a, 0, 0]);
  }
  clearBytes(target: IntLike, bytes: IntLike): void {
    this.emit([Int.of(target).code, Int.of(0).code, Int.of(bytes).code, 0xfc, 0x0b, 0]);
  }

  /** Runs an expression for what it does. */
  ignore(value: Int): void {
    this.emit([value.code, 0x1a]);
  }

  private nested(body: () => void): Code {
    const outer = this.statements;
    this.statements = [];
    body();
    const inner = this.statements;
    this.statements = outer;
    return inner;
  }

  if(condition: Int, then: () => void, otherwise?: () => void): void {
    const other: Code = otherwise ? [0x05, this.nested(otherwise)] : [];
    this.emit([condition.code, 0x04, 0x40, this.nested(then), other, 0x0b]);
  }
  while(condition: Int, body: () => void): void {
    this.emit([0x02, 0x40, 0x03, 0x40, condition.code, 0x45, 0x0d, 1, this.nested(body), 0x0c, 0, 0x0b, 0x0b]);
  }
  /** Runs the body at least once; the form of the hot loops, with a single jump. */
  doWhile(body: () => void, condition: Int): void {
    this.emit([0x03, 0x40, this.nested(body), condition.code, 0x0d, 0, 0x0b]);
  }
  /** Counts from `from` to less than `to`, which is evaluated each time. */
  for(from: IntLike, to: IntLike, step: IntLike, body: (index: IntVariable) => void): void {
    const index = this.int(from);
    this.while(index.less(to), () => {
      body(index);
      index.increase(step);
    });
  }

  call<S extends Signature>(callee: FunctionHandle<S>, values: Arguments<S>): void {
    this.emit([this.argumentsOf(callee.signature, values), 0x10, unsigned(callee.index)]);
  }
  /** Calls the entry of the module's table, all of which take two integers. */
  callTable(entry: Int, first: Int, second: Int): void {
    this.emit([first.code, second.code, entry.code, 0x11, 0, 0]);
  }
  private argumentsOf<S extends Signature>(signature: S, values: Arguments<S>): Code {
    return Object.entries(signature).map(([name, kind]) => {
      const value = values[name] as IntLike | RealLike | Vector;
      if (kind === "int") return Int.of(value as IntLike).code;
      return kind === "real" ? Real.of(value as RealLike).code : (value as Vector).code;
    });
  }

  /** The function as it stands in the module's code section. */
  finish(): Code {
    const groups: [count: number, type: number][] = [];
    for (const type of this.locals) {
      const last = groups.at(-1);
      if (last?.[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    const declarations = groups.map(([count, type]) => [unsigned(count), type]);
    const bytes = flatten([unsigned(groups.length), declarations, this.prologue, this.statements, 0x0b]);
    return [unsigned(bytes.length), bytes];
  }
}
