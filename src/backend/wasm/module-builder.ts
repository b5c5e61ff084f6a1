import { type Code, counted, flatten, text, unsigned } from "./bytes.js";
import {
  FunctionBuilder,
  type FunctionHandle,
  IntVariable,
  type ModuleContext,
  type Multiplication,
  RealVariable,
  type Signature,
  TYPE_CODES,
  type Variables,
  VectorVariable,
} from "./function-builder.js";

export interface ModuleOptions {
  multiplication: Multiplication;
  memory: "shared" | "plain";
  /** Address of the constants, which the owner of the memory has to write there. */
  constantsAt: number;
}

/** Functions of the module's table take two integers. */
const TABLE_TYPE = "127,127";

/** A WebAssembly module that imports its memory as `env.memory` and exports the functions that have a name. */
export class ModuleBuilder implements ModuleContext {
  /** What has to stand at `constantsAt` before a function runs. */
  readonly constants: number[] = [];
  private readonly types: string[] = [TABLE_TYPE];
  private readonly functions: { name: string | undefined; type: number; body: Code }[] = [];
  private readonly table: number[] = [];

  constructor(private readonly options: ModuleOptions) {}

  get multiplication(): Multiplication {
    return this.options.multiplication;
  }

  constant(value: number): number {
    const index = this.constants.indexOf(value);
    return this.options.constantsAt + 4 * (index < 0 ? this.constants.push(value) - 1 : index);
  }

  /** Adds a function; with a name it is exported. */
  define<S extends Signature>(
    name: string | undefined,
    signature: S,
    body: (f: FunctionBuilder, parameters: Variables<S>) => void,
  ): FunctionHandle<S> {
    const kinds = Object.values(signature);
    const f = new FunctionBuilder(this, kinds.length);
    const variables = Object.keys(signature).map((parameter, i) => {
      const type = { int: IntVariable, real: RealVariable, vector: VectorVariable }[kinds[i]!];
      return [parameter, new type(f, i)];
    });
    body(f, Object.fromEntries(variables) as Variables<S>);
    const index =
      this.functions.push({ name, type: this.typeOf(kinds.map((k) => TYPE_CODES[k])), body: f.finish() }) - 1;
    return { index, signature };
  }

  /** Gives a function of two integers the next place of the table. */
  addToTable(callee: FunctionHandle<{ task: "int"; thread: "int" }>): number {
    return this.table.push(callee.index) - 1;
  }

  private typeOf(parameters: number[]): number {
    const key = parameters.join(",");
    const index = this.types.indexOf(key);
    return index < 0 ? this.types.push(key) - 1 : index;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const section = (id: number, content: Code): Code => {
      const bytes = flatten(content);
      return [id, unsigned(bytes.length), bytes];
    };
    const types = this.types.map((key) => [0x60, counted(key === "" ? [] : key.split(",").map(Number)), 0]);
    const limits = this.options.memory === "shared" ? 3 : 1;
    const exported = this.functions.flatMap(({ name }, i) => (name ? [[text(name), 0, unsigned(i)]] : []));
    const tableSize = unsigned(this.table.length);
    const sections = [
      section(1, counted(types)),
      section(2, [1, text("env"), text("memory"), 2, limits, 1, unsigned(65536)]),
      section(3, counted(this.functions.map(({ type }) => unsigned(type)))),
      section(4, [1, 0x70, 0, tableSize]),
      section(7, counted(exported)),
      section(9, [1, 0, [0x41, 0, 0x0b], counted(this.table.map(unsigned))]),
      section(10, counted(this.functions.map(({ body }) => body))),
    ];
    return new Uint8Array(flatten([[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], sections]));
  }
}
