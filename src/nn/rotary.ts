import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { type RotaryTable, rotaryTable, rotate } from "../ops/rotary.js";
import { Operation } from "./operation.js";

export interface RotaryConfig {
  name?: string;
  heads: number;
  /** Patches of the picture at hand. */
  grid: { rows: number; columns: number };
  /** Patches of the pictures that the model was pretrained on; places are scaled to it. */
  reference: { rows: number; columns: number };
}

/** Turns queries or keys by their patch's place; the class token stays as it is. `[batch, tokens, width]` → the same */
export class Rotary extends Operation {
  static readonly className = "VitrailRotary";
  private table: RotaryTable | undefined;

  constructor(private readonly config: RotaryConfig) {
    super(config);
  }

  protected outputShapeFor([input]: number[][]): number[] {
    return input!;
  }

  protected compute([x]: Tensor[]): Tensor {
    const { heads, grid, reference } = this.config;
    this.table ??= rotaryTable(grid, reference, x!.shape[2]! / heads);
    return rotate(x!, this.table);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config };
  }
}
serialization.registerClass(Rotary);
