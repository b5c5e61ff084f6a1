import { readFileSync } from "node:fs";
import { FaceAnalyzer } from "../../tasks/faces/face-analyzer.js";
import { packageFile } from "../../tasks/package-file.js";
import { VisionModel } from "../../tasks/vision-model.js";
import { makeApp } from "./app.js";
import { ApiKeys } from "./http/api-keys.js";
import { Quota } from "./http/quota.js";
import { Engine } from "./inference/engine.js";
import { localFaces, localModel, type ModelHost } from "./inference/engine-host.js";
import { FaceService } from "./inference/face-service.js";
import { KeptPictures } from "./inference/kept-pictures.js";
import { ModelService } from "./inference/model-service.js";
import { NeighborService } from "./inference/neighbor-service.js";
import { Pictures } from "./inference/pictures.js";
import { ServerMetrics } from "./server-metrics.js";
import { type CheckedOptions, checkServerOptions, type ServedModel, type ServerOptions } from "./server-options.js";
import { Service } from "./service.js";
import { fetchPicture, PUBLIC_WEB } from "./urls/fetch-picture.js";

/** Models behind HTTP. `fetch` takes a web-standard request, so it mounts wherever those are spoken. */
export interface VitrailServer extends AsyncDisposable {
  fetch(request: Request): Promise<Response>;
  /** Answers what it has begun, refuses the rest, then gives the models' memory back. May be called again. */
  close(): Promise<void>;
}

/** What a test replaces. */
export interface ServerSurroundings {
  /** Where the scripts of the threads are. */
  threads: URL;
  web: typeof PUBLIC_WEB;
}

const BUILT: ServerSurroundings = { threads: new URL("./", import.meta.url), web: PUBLIC_WEB };

/**
 * Serves models as Hugging Face, SmartClick, Scaleflex, Azure ML, TEI, KServe and OpenAI do. Resolves when all models are loaded and warm.
 *
 * ```ts
 * const server = await createServer({ models: { emotions: "./facial_emotions" } });
 * app.mount("/vision", server.fetch);
 * ```
 *
 * @throws InputError `input/option`; what `loadModel` and `loadFaceAnalyzer` throw
 */
export async function createServer(options: ServerOptions, surroundings = BUILT): Promise<VitrailServer> {
  const checked = checkServerOptions(options);
  const owned: { close(): Promise<void> }[] = [];
  try {
    const service = await startService(checked, surroundings, owned);
    const app = makeApp({
      service,
      keys: new ApiKeys(checked.apiKeys),
      quota: new Quota(checked.requestsPerMinute),
      log: checked.log,
      deadlineMs: checked.deadlineMs,
    });
    let closed: Promise<void> | undefined;
    const close = async () => {
      await service.drain(checked.drainMs);
      await closeAll(owned);
    };
    const closeOnce = () => {
      closed ??= close();
      return closed;
    };
    return {
      fetch: async (request) => app.fetch(request),
      close: closeOnce,
      [Symbol.asyncDispose]: closeOnce,
    };
  } catch (error) {
    await closeAll(owned);
    throw error;
  }
}

async function closeAll(owned: readonly { close(): Promise<void> }[]): Promise<void> {
  await Promise.all(owned.map((each) => each.close()));
}

async function startService(
  options: CheckedOptions,
  { threads, web }: ServerSurroundings,
  owned: { close(): Promise<void> }[],
): Promise<Service> {
  const pictures = await Pictures.start(
    { maxPixels: options.maxPixels, maxBytes: options.maxBodyBytes },
    options.deadlineMs,
    new URL("server-pictures.js", threads),
  );
  owned.push(pictures);
  const engine = await startEngine(options, new URL("server-engine.js", threads));
  if (engine) owned.push(engine);
  const models = new Map<string, ModelService>();
  const metrics = new ServerMetrics(
    () => [
      ...[...models.values()].map(({ name, admission }) => ({ model: name, pending: admission.pending })),
      ...(faces ? [{ model: "faces", pending: faces.admission.pending }] : []),
    ],
    () => engine?.memory(),
  );
  const { queue, batch, deadlineMs } = options;
  const limits = { queue, batch, deadlineMs };
  for (const [name, source] of Object.entries(options.models ?? {})) {
    const host: ModelHost = source instanceof VisionModel ? localModel(source) : engine!.models.get(name)!;
    models.set(name, new ModelService(name, host, pictures, limits, metrics));
  }
  const faces = faceService();
  const { index } = options;
  return new Service({
    models,
    faces,
    neighbors: index && new NeighborService(index.search, models.get(index.model)!),
    fetchPicture: options.urls === "public" ? (url, signal) => fetchPicture(url, signal, web) : undefined,
    kept: faces && options.results === "kept" ? keptPictures(owned) : undefined,
    publicUrl: options.publicUrl?.replace(/\/$/, ""),
    body: { maxBytes: options.maxBodyBytes, timeoutMs: options.bodyTimeoutMs },
    metrics,
    version: (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string }).version,
    isDecoding: () => pictures.isUp,
  });

  function faceService(): FaceService | undefined {
    if (!options.faces) return undefined;
    const isLoaded = options.faces instanceof FaceAnalyzer;
    const host = options.faces instanceof FaceAnalyzer ? localFaces(options.faces) : engine!.faces!;
    const attributes = isLoaded ? undefined : Object.keys((options.faces as { attributes?: object }).attributes ?? {});
    return new FaceService(attributes, host, pictures, limits, metrics);
  }
}

function keptPictures(owned: { close(): Promise<void> }[]): KeptPictures {
  const kept = new KeptPictures();
  owned.push({ close: async () => kept.clear() });
  return kept;
}

/** A thread for what has to be loaded; none where everything is loaded already. */
async function startEngine(options: CheckedOptions, file: URL): Promise<Engine | undefined> {
  const { faces, engine, threads, dtype } = options;
  const models = Object.fromEntries(
    Object.entries(options.models ?? {}).flatMap(([name, source]): [string, ServedModel][] => {
      if (source instanceof VisionModel) return [];
      return [[name, typeof source === "string" ? { model: source } : source]];
    }),
  );
  const toLoad = faces instanceof FaceAnalyzer ? undefined : faces;
  if (Object.keys(models).length === 0 && !toLoad) return undefined;
  const loading = { ...(engine && { engine }), ...(threads !== undefined && { threads }) };
  return Engine.start(
    {
      models,
      faces: toLoad && { ...toLoad, ...loading },
      loading: { ...loading, ...(dtype && { dtype }) },
    },
    file,
  );
}
