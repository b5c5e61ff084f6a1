import { dispose, getBackend, setBackend, type Tensor, tensor4d, tidy } from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import { InputError } from "../errors.js";
import { copyTransformer } from "../models/copy-transformer.js";
import { disposeModel } from "../models/dispose-model.js";
import { LayerProgram } from "../models/layer-program.js";
import type { VisionTransformer, VisionTransformerConfig } from "../models/vision-transformer.js";
import { exclusive } from "./exclusive.js";
import type { NumericArray, Pass } from "./pass.js";

/** Runs a transformer for just the outputs that are asked for, all of them out of one pass. */
export class ForwardPass implements Pass {
  /** Passes made so far, for tests and for the curious. */
  passes = 0;
  /** One for each set of outputs. */
  private readonly programs = new Map<string, LayerProgram>();
  private isDisposed = false;

  /** @param backend TF.js's name of the one that has the weights; another may be active by the time of a pass */
  constructor(
    private readonly transformer: VisionTransformer,
    private readonly backend = getBackend(),
  ) {}

  /** The names that `run` knows. */
  get outputNames(): string[] {
    return [...this.transformer.outputs.keys()];
  }

  /**
   * @param values pictures after preprocessing, `[batch, height, width, 3]`
   * @returns each output with its batch axis first
   * @throws InputError `input/disposed`
   */
  run(
    values: Float32Array,
    shape: [number, number, number, number],
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Map<string, NumericArray>> {
    return this.inTurn(async () => {
      // Two names may mean one tensor: without a final norm the last hidden state is what is pooled.
      const symbols = [...new Set(names.map((name) => this.transformer.outputs.get(name)!))];
      const tensors = tidy(() => this.program(symbols).run(tensor4d(values, shape)));
      this.passes++;
      try {
        const arrays = await Promise.all(tensors.map(readTensor));
        return new Map(names.map((name) => [name, arrays[symbols.indexOf(this.transformer.outputs.get(name)!)]!]));
      } finally {
        dispose(tensors);
      }
    }, signal);
  }

  /**
   * Runs work with the weights' engine as TF.js's active one, when no other pass runs.
   *
   * @throws InputError `input/disposed`
   */
  inTurn<Result>(work: () => Result | Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return exclusive(async () => {
      if (this.isDisposed)
        throw new InputError("input/disposed", "This model was disposed; load it again before you use it.");
      if (getBackend() !== this.backend) await setBackend(this.backend);
      return work();
    }, signal);
  }

  /** A pass over layers of its own with the same weights, see `copyTransformer`; and those layers. @throws InputError `input/disposed` */
  copy(config: VisionTransformerConfig): Promise<{ forward: ForwardPass; transformer: VisionTransformer }> {
    return this.inTurn(() => {
      const transformer = copyTransformer(this.transformer, config);
      return { transformer, forward: new ForwardPass(transformer, this.backend) };
    });
  }

  /** Gives the weights' memory back, once the pass that may be running has ended. */
  dispose(): Promise<void> {
    return exclusive(async () => {
      if (this.isDisposed) return;
      this.isDisposed = true;
      disposeModel(this.transformer.model);
    });
  }

  private program(symbols: SymbolicTensor[]): LayerProgram {
    const key = symbols.map(({ id }) => id).join(" ");
    const known = this.programs.get(key);
    if (known) return known;
    const program = new LayerProgram(this.transformer.model.inputs[0]!, symbols);
    this.programs.set(key, program);
    return program;
  }
}

async function readTensor(tensor: Tensor): Promise<NumericArray> {
  return { data: (await tensor.data()) as Float32Array, shape: tensor.shape };
}
