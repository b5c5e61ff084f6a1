import type { EngineCheck } from "../../backend/check-engine.js";
import { describeEngine, useEngineToRun } from "../../backend/engine.js";
import type { OnnxThread } from "../../backend/onnxruntime/onnx-thread.js";
import { VitrailError } from "../../errors.js";
import { OnnxGraph } from "../../io/onnx/onnx-graph.js";

/** A linear layer of a ViT-B: 128 tokens, 768 channels. */
const ROWS = 128;
const WIDTH = 768;
const MEASURED_MS = 250;
/** Largest difference from float64 of sums of this many products. */
const BOUND = 1e-4;

/** As `checkEngine`, for the engine that is no TF.js backend. */
export async function checkOnnxRuntime(): Promise<EngineCheck> {
  const engine = "onnxruntime";
  try {
    const { thread, threads } = (await useEngineToRun({ engine }))!;
    try {
      const session = await thread.create(product(), { folder: "", threads });
      const gigaflops = await measure(thread, session);
      await thread.release(session);
      return { engine, works: true, description: describeEngine(), gigaflops };
    } finally {
      await thread.close();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return {
      engine,
      works: false,
      code: error instanceof VitrailError ? error.code : "engine/failed",
      reason: error.message,
    };
  }
}

const weight = (row: number, column: number) => ((row * 7 + column * 3) % 11) / 11 - 0.5;

/** `x` times a matrix, `[rows, width]` → the same */
function product(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph(23);
  const x = graph.input("x", ["rows", WIDTH]);
  const matrix = Float32Array.from({ length: WIDTH * WIDTH }, (_, i) => weight(Math.floor(i / WIDTH), i % WIDTH));
  graph.node("Gemm", [x, graph.floats([WIDTH, WIDTH], matrix)], { attributes: { transB: 1 }, outputs: ["y"] });
  graph.output("y", ["rows", WIDTH]);
  return graph.toBytes();
}

async function measure(thread: OnnxThread, session: number): Promise<number> {
  const x = new Float32Array(ROWS * WIDTH).map((_, i) => (i % 5) / 5 - 0.4);
  let best = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + MEASURED_MS; performance.now() < end; ) {
    const start = performance.now();
    const y = (await thread.run(session, "x", x, [ROWS, WIDTH])).get("y")!.data;
    best = Math.min(best, performance.now() - start);
    let wanted = 0;
    for (let k = 0; k < WIDTH; k++) wanted += x[k]! * weight(0, k);
    if (!(Math.abs(y[0]! - wanted) <= BOUND))
      throw new Error(`it computes wrong numbers: ${y[0]} where ${wanted} is right`);
  }
  return (2 * ROWS * WIDTH * WIDTH) / best / 1e6;
}
