import { workerData } from "node:worker_threads";
import { type EngineMemory, engineMemory } from "../../../backend/engine-memory.js";
import type { Image } from "../../../images/image.js";
import type { ModelConfig } from "../../../models/model-config.js";
import { naming } from "../../../tasks/faces/attributes/attribute-models.js";
import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";
import { type FaceAnalyzerOptions, loadFaceAnalyzer } from "../../../tasks/faces/load-face-analyzer.js";
import { type LoadModelOptions, loadModel } from "../../../tasks/load-model.js";
import type { VisionModel } from "../../../tasks/vision-model.js";
import type { ServedModel } from "../server-options.js";
import { analyzeBatch, type BatchOutputs, runBatch, type ServedOutput } from "./engine-host.js";
import { serveThread } from "./serve-thread.js";
import { type ThreadFailure, toFailure } from "./thread-failure.js";

/** What the thread loads. */
export interface EngineData {
  models: Record<string, ServedModel>;
  faces?: FaceAnalyzerOptions | undefined;
  loading: Omit<LoadModelOptions, "signal">;
}

export type EngineRequest =
  | { model: string; values: Float32Array; pictures: number; outputs: readonly ServedOutput[] }
  | { images: readonly Image[] };
export type EngineReply = { memory: EngineMemory } & (
  | { outputs: BatchOutputs }
  | { faces: (FaceAnalysis | { failure: ThreadFailure })[] }
);

/** What was loaded, each warmed by a first pass. */
export interface EngineFacts {
  models: Record<string, { config: ModelConfig; dtype: VisionModel["dtype"] }>;
  memory: EngineMemory;
}

const data = workerData as EngineData;

await serveThread<EngineRequest, EngineReply, EngineFacts>(async () => {
  const models = new Map<string, VisionModel>();
  const bySource = new Map<string, VisionModel>();
  for (const [name, { model: source, ...options }] of Object.entries(data.models)) {
    const key = keyOf(source, options);
    const load = () => loadModel(source, { ...data.loading, ...options });
    const model = bySource.get(key) ?? (await naming(`The model "${name}"`, { model: name }, load));
    bySource.set(key, model);
    models.set(name, model);
  }
  const analyzer = data.faces && (await loadFaceAnalyzer(sharing(data.faces, bySource)));
  for (const model of bySource.values()) await warm(model);
  await analyzer?.analyze({ data: new Uint8Array(64 * 64 * 3), width: 64, height: 64 });
  return {
    facts: {
      models: Object.fromEntries([...models].map(([name, { config, dtype }]) => [name, { config, dtype }])),
      memory: engineMemory(),
    },
    handle: async (request) => {
      if ("images" in request) {
        const outcomes = await analyzeBatch(analyzer!, request.images);
        const faces = outcomes.map((outcome) => (outcome instanceof Error ? { failure: toFailure(outcome) } : outcome));
        return { reply: { faces, memory: engineMemory() }, transfer: [] };
      }
      const outputs = await runBatch(models.get(request.model)!, request.values, request.pictures, request.outputs);
      return {
        reply: { outputs, memory: engineMemory() },
        transfer: Object.values(outputs).map((output) => output.data.buffer as ArrayBuffer),
      };
    },
  };
});

/** The first pass builds what later ones use; nobody should wait for that. */
async function warm(model: VisionModel): Promise<void> {
  const { height, width } = model.config.architecture.image;
  await runBatch(model, new Float32Array(height * width * 3), 1, [model.labels.length > 0 ? "logits" : "embedding"]);
}

/** Equal for what would be loaded twice. */
function keyOf(source: string, options: Omit<ServedModel, "model"> = {}): string {
  return JSON.stringify([source, Object.entries(options).sort()]);
}

/** A checkpoint that is served by a name and reads an attribute too is loaded once. */
function sharing(options: FaceAnalyzerOptions, loaded: ReadonlyMap<string, VisionModel>): FaceAnalyzerOptions {
  const attributes = Object.entries(options.attributes ?? {}).map(([name, source]) => {
    if (typeof source === "string") return [name, loaded.get(keyOf(source)) ?? source];
    if (!("model" in source) || typeof source.model !== "string") return [name, source];
    const { revision, ...rest } = source;
    const model = loaded.get(keyOf(source.model, revision === undefined ? {} : { revision }));
    return [name, model ? { ...rest, model } : source];
  });
  return { ...options, attributes: Object.fromEntries(attributes) };
}
