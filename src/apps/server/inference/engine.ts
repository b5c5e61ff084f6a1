import type { EngineMemory } from "../../../backend/engine-memory.js";
import { ServerError } from "../../../errors.js";
import type { FaceHost, ModelHost } from "./engine-host.js";
import type { EngineData, EngineFacts, EngineReply, EngineRequest } from "./engine-thread.js";
import { fromFailure } from "./thread-failure.js";
import { WorkerPool } from "./worker-pool.js";

/** A thread with an engine of its own and the models that it loaded, so that inference never holds up the network. */
export class Engine {
  private constructor(
    private readonly pool: WorkerPool<EngineRequest, EngineReply, EngineFacts>,
    readonly models: ReadonlyMap<string, ModelHost>,
    readonly faces: FaceHost | undefined,
    /** What the thread held when it last answered. */
    readonly memory: () => EngineMemory,
  ) {}

  /** @throws what `loadModel` and `loadFaceAnalyzer` throw */
  static async start(data: EngineData, file: URL): Promise<Engine> {
    const { pool, facts } = await WorkerPool.start<EngineRequest, EngineReply, EngineFacts>({ file, size: 1, data });
    let { memory } = facts;
    const run = async (request: EngineRequest, transfer: ArrayBuffer[]): Promise<EngineReply> => {
      // Nothing waits for a thread that is being started: a client may try elsewhere meanwhile.
      if (!pool.isUp) throw new ServerError("server/not-ready", "The engine is starting. Send the request again.");
      const reply = await pool.run(request, transfer);
      memory = reply.memory;
      return reply;
    };
    const models = new Map<string, ModelHost>();
    for (const [model, { config, dtype }] of Object.entries(facts.models))
      models.set(model, {
        config,
        dtype,
        get isUp() {
          return pool.isUp;
        },
        async run(values, pictures, outputs) {
          const reply = await run({ model, values, pictures, outputs }, [values.buffer as ArrayBuffer]);
          return (reply as Extract<EngineReply, { outputs: unknown }>).outputs;
        },
      });
    const faces: FaceHost = {
      get isUp() {
        return pool.isUp;
      },
      async analyze(images) {
        const reply = await run(
          { images },
          images.map(({ data: pixels }) => pixels.buffer as ArrayBuffer),
        );
        const outcomes = (reply as Extract<EngineReply, { faces: unknown }>).faces;
        return outcomes.map((outcome) =>
          "failure" in outcome ? (fromFailure(outcome.failure) as ServerError) : outcome,
        );
      },
    };
    return new Engine(pool, models, data.faces && faces, () => memory);
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
