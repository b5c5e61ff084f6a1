import { readFileSync } from "node:fs";
import { describeEngine } from "../../backend/engine.js";
import type { FaceAnalysis } from "../faces/face-analysis.js";
import { loadFaceAnalyzer } from "../faces/load-face-analyzer.js";
import type { FaceDetectorName } from "../faces/load-face-detector.js";
import { loadModel } from "../load-model.js";
import { packageFile } from "../package-file.js";
import type { VisionModel } from "../vision-model.js";
import type { BatchTask, FacesSpec, LocalOptions } from "./batch-task.js";
import type { Column } from "./column.js";
import { outcomesOf } from "./load-spec-model.js";
import { modelFingerprint } from "./model-fingerprint.js";
import { shortNumbers } from "./short-numbers.js";

const COLUMNS: readonly Column[] = [
  { name: "width", kind: "whole", of: ({ width }) => width },
  { name: "height", kind: "whole", of: ({ height }) => height },
  { name: "face_count", kind: "whole", of: ({ faces }) => (faces as unknown[]).length },
  { name: "faces", kind: "json", of: ({ faces }) => faces },
];
/** As many pictures as the analyzer looks at together. */
const GROUP = 8;

/** Where faces are and what they show. @throws what `loadFaceAnalyzer` throws */
export async function facesTask(spec: FacesSpec, local: LocalOptions): Promise<BatchTask> {
  const { detector = "auto", attributes = {}, embed, dtype, batch } = spec;
  const { minScore, maxFaces, minSize } = spec;
  const limits = {
    ...(minScore !== undefined && { minScore }),
    ...(maxFaces !== undefined && { maxFaces }),
    ...(minSize !== undefined && { minSize }),
  };
  // Each checkpoint once, whatever is asked of it. Loaded here, for their fingerprints.
  const models = new Map<string, VisionModel>();
  const dispose = async () => {
    for (const model of models.values()) await model.dispose();
  };
  try {
    const vectorsOf = embed === undefined ? undefined : (attributes[embed] ?? embed);
    for (const source of [...Object.values(attributes), ...(vectorsOf === undefined ? [] : [vectorsOf])])
      if (!models.has(source)) models.set(source, await loadModel(source, { ...local, ...(dtype && { dtype }) }));
    const { engine, threads, signal } = local;
    const analyzer = await loadFaceAnalyzer({
      detector: { model: detector as FaceDetectorName },
      attributes: Object.fromEntries(Object.entries(attributes).map(([name, source]) => [name, models.get(source)!])),
      ...(vectorsOf !== undefined && { embed: { model: models.get(vectorsOf)! } }),
      ...(batch !== undefined && { batch }),
      ...(engine && { engine }),
      ...(threads !== undefined && { threads }),
      ...(signal && { signal }),
      ...limits,
    });
    const fingerprints: Record<string, unknown> = {};
    for (const [name, source] of [
      ...Object.entries(attributes),
      ...(vectorsOf === undefined ? [] : [["vectors", vectorsOf]]),
    ])
      fingerprints[name!] = await modelFingerprint(models.get(source!)!, signal);
    return {
      fingerprint: { detector, ...detectorFacts(), models: fingerprints, ...limits },
      columns: COLUMNS,
      groupSize: GROUP,
      answer: (pictures, signal) => outcomesOf(analyzer.analyzeAll(pictures, { signal }), (result) => fieldsOf(result)),
      async [Symbol.asyncDispose]() {
        await analyzer.dispose();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The detectors' weights come with the package, so its version says which they are; how their numbers are rounded, the engine. */
function detectorFacts(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };
  const { engine, simd, kernels } = describeEngine();
  return { version, engine: `${engine} ${simd} ${kernels}` };
}

function fieldsOf({ faces, ...rest }: FaceAnalysis): Record<string, unknown> {
  return {
    ...rest,
    faces: faces.map(({ vector, ...face }) => ({ ...face, ...(vector && { vector: shortNumbers(vector) }) })),
  };
}
