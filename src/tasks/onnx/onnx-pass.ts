import type { OnnxEngine } from "../../backend/engine.js";
import { onnxError } from "../../backend/onnxruntime/onnx-thread.js";
import { InputError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import type { FittedCheckpoint } from "../../models/assemble-model.js";
import { CheckpointWeights, type CheckpointWeightsOptions } from "../../models/onnx/checkpoint-weights.js";
import { INPUT_NAME } from "../../models/onnx/layers-graph.js";
import { proveFinite } from "../../models/prove-finite.js";
import type { VisionTransformer } from "../../models/vision-transformer.js";
import { queue } from "../exclusive.js";
import { onEngine } from "../on-engine.js";
import type { NumericArray, Pass } from "../pass.js";
import { commonFolder, pathWithin } from "./common-folder.js";
import { FileStamps } from "./file-stamps.js";
import { transformerGraph } from "./transformer-graph.js";

export interface OnnxModel {
  /** How its weights are kept. */
  precision: Omit<CheckpointWeightsOptions, "locate">;
  /** Opens the checkpoint once more. The caller closes it. */
  open(): Promise<Checkpoint>;
  /** Loads the same model as TF.js layers, for training. */
  copy(): Promise<{ forward: Pass; transformer: VisionTransformer }>;
}

interface Session {
  /** What it can give. */
  names: ReadonlySet<string>;
  id: number;
}

/**
 * Runs a transformer by ONNX Runtime. A session computes all outputs of its graph, asked for or not, so there is one for what nearly every call
 * wants, the logits and the vector that they are made of, and at most one more, for the outputs that were asked for last.
 */
export class OnnxPass implements Pass {
  passes = 0;
  private readonly inOrder = queue();
  private usual: Session | undefined;
  private special: Session | undefined;
  private isDisposed = false;

  private constructor(
    private readonly engine: OnnxEngine,
    private readonly fitted: FittedCheckpoint,
    private readonly model: OnnxModel,
    private readonly stamps: FileStamps,
  ) {}

  /**
   * Takes the engine over: it ends with the pass, or with a failure to load.
   *
   * @throws CheckpointError as `loadWeights`; WeightsFileError; EngineError `engine/operator`, `engine/failed`; `signal.reason`
   */
  static async load(
    engine: OnnxEngine,
    checkpoint: Checkpoint,
    fitted: FittedCheckpoint,
    model: OnnxModel,
    signal?: AbortSignal,
  ): Promise<OnnxPass> {
    try {
      const names = new Set([...fitted.weights.values()].map(({ name }) => name));
      const stamps = await FileStamps.of([...new Set([...names].map((name) => checkpoint.tensors.get(name)!.file))]);
      const pass = new OnnxPass(engine, fitted, model, stamps);
      const { classes, pool } = fitted.config.architecture;
      // The weights are read through while ONNX Runtime packs them.
      const [session] = await allSettled(
        pass.create(checkpoint, classes > 0 ? ["logits", pool] : [pool], signal),
        proveFinite(checkpoint, names, signal),
      );
      pass.usual = session;
      return pass;
    } catch (error) {
      await engine.thread.close();
      throw error;
    }
  }

  run(
    values: Float32Array,
    shape: [number, number, number, number],
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<Map<string, NumericArray>> {
    return this.inOrder(async () => {
      this.assertUsable();
      const { id } = await this.sessionFor(names, signal);
      const found = await this.engine.thread.run(id, INPUT_NAME, values, shape).catch((cause) => {
        throw onnxError(cause);
      });
      this.passes++;
      return new Map(names.map((name) => [name, found.get(name)!]));
    }, signal);
  }

  inTurn<Result>(work: () => Result | Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return onEngine(
      {},
      () => {
        this.assertUsable();
        return work();
      },
      signal,
    );
  }

  copy(): ReturnType<Pass["copy"]> {
    return this.inOrder(async () => {
      this.assertUsable();
      await this.stamps.check();
      return this.model.copy();
    });
  }

  dispose(): Promise<void> {
    return this.inOrder(async () => {
      if (this.isDisposed) return;
      this.isDisposed = true;
      for (const session of [this.usual, this.special]) if (session) await this.engine.thread.release(session.id);
      await this.engine.thread.close();
    });
  }

  private assertUsable(): void {
    if (this.isDisposed)
      throw new InputError("input/disposed", "This model was disposed; load it again before you use it.");
  }

  private async sessionFor(names: readonly string[], signal?: AbortSignal): Promise<Session> {
    const known = [this.usual!, this.special].find(
      (session) => session && names.every((name) => session.names.has(name)),
    );
    if (known) return known;
    if (this.special) await this.engine.thread.release(this.special.id);
    this.special = undefined;
    await this.stamps.check();
    const checkpoint = await this.model.open();
    try {
      this.special = await this.create(checkpoint, names, signal);
      return this.special;
    } finally {
      await checkpoint.close();
    }
  }

  private async create(checkpoint: Checkpoint, names: readonly string[], signal?: AbortSignal): Promise<Session> {
    const folder = commonFolder(this.stamps.paths);
    const locate = (file: string) => pathWithin(folder, this.stamps.pathOf(file));
    const weights = new CheckpointWeights(checkpoint, this.fitted, { ...this.model.precision, locate });
    const graph = await transformerGraph(
      this.fitted,
      new Map(names.map((name) => [name, name])),
      { weights, picture: "channels-last", opset: 23 },
      signal,
    );
    try {
      const id = await this.engine.thread.create(graph, { folder, threads: this.engine.threads });
      return { names: new Set(names), id };
    } catch (cause) {
      await this.stamps.check();
      throw onnxError(cause);
    }
  }
}

/** Both results, once both have ended, so that neither goes on behind a failure of the other. */
async function allSettled<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}
