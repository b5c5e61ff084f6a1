import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import process from "node:process";
import { checkEngine, type EngineCheck, type RuntimeFeatures, runtimeFeatures } from "../backend/check-engine.js";
import { describeEngine, ENGINES, type EngineDescription, useEngine } from "../backend/engine.js";
import { exclusive } from "./exclusive.js";
import { checkOnnxRuntime } from "./onnx/check-onnxruntime.js";

/** What this machine and this process can do for vitrail. */
export interface Diagnosis {
  node: string;
  v8: string;
  /** As "linux x64". */
  platform: string;
  processors: { model: string; count: number; usable: number };
  /** Bytes. */
  memory: { total: number; free: number; process: number };
  features: RuntimeFeatures;
  /** What "auto" takes, and why nothing before it. */
  automatic: EngineDescription;
  engines: EngineCheck[];
}

/** Looks at the machine, and starts, proves and times every engine. Takes a second or two; loads every native engine that is installed. */
export function diagnose(): Promise<Diagnosis> {
  return exclusive(async () => {
    const features = runtimeFeatures();
    await useEngine();
    const automatic = describeEngine();
    const engines: EngineCheck[] = [];
    for (const engine of ENGINES)
      engines.push(engine === "onnxruntime" ? await checkOnnxRuntime() : await checkEngine(engine));
    await useEngine();
    const processors = cpus();
    return {
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform} ${process.arch}`,
      processors: {
        model: processors[0]?.model ?? "unknown",
        count: processors.length,
        usable: availableParallelism(),
      },
      memory: { total: totalmem(), free: freemem(), process: process.memoryUsage.rss() },
      features,
      automatic,
      engines,
    };
  });
}
