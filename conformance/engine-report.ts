import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { describeEngine as describeEngineType, loadModel as loadModelType } from "../src/index.js";
import { BAR, type Comparison, type TensorError } from "../src/tasks/compare.js";
import { type ConformanceCase, FULL_SIZE_CASES, TINY_CASES } from "./cases.js";
import { runCase } from "./run-case.js";

/** Which cases an engine is run on: as many inputs of the full-size ones as it has time for. */
export interface EngineRunOptions {
  engine: NonNullable<NonNullable<Parameters<typeof loadModelType>[1]>["engine"]>;
  /** Inputs of each full-size model; 0 leaves these models out. */
  fullSize: number;
  /** What to call the run, where one engine runs in several ways; default the engine's name. */
  name?: string | undefined;
}

/** One engine's run, as `conformance/results/<name>.json` keeps it. */
interface EngineRun {
  name?: string;
  engine: string;
  /** For people: what ran. */
  describes: string;
  bar: TensorError;
  fullSizeInputs: number;
  cases: CaseResult[];
}

interface CaseResult {
  name: string;
  kind: ConformanceCase["kind"];
  seconds: number;
  tensors: number;
  /** The tensor with the largest relative L2 error beside PyTorch's own. */
  worst: string;
  /** The largest over all tensors, beside PyTorch's own. */
  ratio: TensorError;
}

/** A GPU's exponentials and divisions are allowed a few units in the last place; docs/numerics.md. */
const GPU_BAR: TensorError = { relativeL2: 4, maxAbs: 4 };
const barOf = (engine: string) => (engine === "webgpu" ? GPU_BAR : BAR);

const RESULTS = join(import.meta.dirname, "results");
const BEGIN = "<!-- engines: written by npm run conformance -- --engine NAME -->";
const END = "<!-- end of engines -->";

/**
 * Runs the cases on one engine and keeps the result beside those of the other engines.
 *
 * @param tell hears about each case as it ends
 * @returns whether all is within the bar
 */
export async function runEngine(
  { loadModel, describeEngine }: { loadModel: typeof loadModelType; describeEngine: typeof describeEngineType },
  { engine, fullSize, name = engine }: EngineRunOptions,
  tell: (line: string) => void,
): Promise<boolean> {
  const bar = barOf(engine);
  const cases: CaseResult[] = [];
  for (const test of fullSize > 0 ? [...TINY_CASES, ...FULL_SIZE_CASES] : TINY_CASES) {
    const start = performance.now();
    const examples = test.kind === "tiny" ? {} : { examples: fullSize };
    const result = summarize(test, await runCase(loadModel, test, { engine, ...examples }), start);
    const { relativeL2, maxAbs } = result.ratio;
    tell(
      `${verdict(result, bar)}  ${test.name} (${relativeL2.toFixed(2)} x, largest ${maxAbs.toFixed(2)} x, ${result.seconds} s)`,
    );
    cases.push(result);
  }
  const { threads, simd, kernels, device } = describeEngine();
  const describes = [
    device ?? `${simd === "none" ? "no" : simd} SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    kernels === "fused" ? "fused kernels" : "compositions of TF.js's ops",
    `Node ${process.versions.node}`,
  ].join(", ");
  const run: EngineRun = { name, engine, describes, bar, fullSizeInputs: fullSize, cases };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(run, null, 1)}\n`);
  return cases.every((result) => verdict(result, bar) === "ok");
}

/** Lines for docs/conformance.md: what each engine reached when it was last run. */
function engineSection(): string[] {
  const nameOf = ({ engine, name = engine }: EngineRun) => name;
  const runs = readdirSync(RESULTS)
    .map((file) => JSON.parse(readFileSync(join(RESULTS, file), "utf8")) as EngineRun)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return [
    BEGIN,
    "## Other engines",
    "",
    "The same cases on each engine of `loadModel(folder, { engine })`: errors beside PyTorch float32's own, the largest over all tensors.",
    "[engines.md](engines.md) says how each was run, and what is behind the misses. `npm run conformance:engines` runs all of them that the machine can have.",
    "Full-size models take all of their inputs, except on `cpu`, whose one thread of plain JavaScript would take an hour and a half for them: one input there;",
    "and on `webgpu`, where the device is a processor that plays a GPU: tiny models only.",
    "",
    ...runs.flatMap(runSection),
    END,
    "",
  ];
}

/** The document with its section about engines brought up to date, or added at the end. */
export function withEngineSection(markdown: string): string {
  const section = engineSection().join("\n");
  const begin = markdown.indexOf(BEGIN);
  if (begin < 0) return `${markdown.trimEnd()}\n\n${section}`;
  const end = markdown.indexOf(END, begin) + END.length;
  return `${markdown.slice(0, begin)}${section.trimEnd()}${markdown.slice(end)}`;
}

/** Why an engine misses the bar, where that was found out. */
const REASONS: Record<string, string> = {
  tensorflow:
    "Misses the bar at full size, and nothing of vitrail's is behind it: TensorFlow's matrix products add up a long row of products in one chain, where PyTorch's begin " +
    "anew at least every 256 ([engines.md](engines.md) has its error by length). Where PyTorch's own exactness counts, take `vitrail` or `onnxruntime`.",
};

function runSection({ engine, name = engine, describes, bar, fullSizeInputs, cases }: EngineRun): string[] {
  const row = (what: string, inputs: string, results: CaseResult[]) => {
    const worst = results.reduce((a, b) => (b.ratio.relativeL2 > a.ratio.relativeL2 ? b : a));
    const at = results.length > 1 ? `${worst.name}, ${worst.worst}` : worst.worst;
    const largest = Math.max(...results.map(({ ratio }) => ratio.maxAbs));
    const passes = results.every((result) => verdict(result, bar) === "ok");
    const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
    return `| ${what} | ${inputs} | ${worst.ratio.relativeL2.toFixed(2)} | ${at} | ${largest.toFixed(2)} | ${seconds.toFixed(0)} s | ${passes ? "ok" : "FAIL"} |`;
  };
  const tiny = cases.filter(({ kind }) => kind === "tiny");
  return [
    `### ${name}`,
    "",
    `${describes}. Bar: ${bar.relativeL2} and ${bar.maxAbs} times.`,
    "",
    "| model | inputs | relative L2 / PyTorch's | at | largest / PyTorch's | time | |",
    "|---|--:|--:|---|--:|--:|---|",
    row(`${tiny.length} tiny models`, "3 and a batch", tiny),
    ...cases
      .filter(({ kind }) => kind !== "tiny")
      .map((result) => row(result.name, inputsOf(result, fullSizeInputs), [result])),
    "",
    ...(REASONS[engine] && cases.some((result) => verdict(result, bar) === "FAIL") ? [REASONS[engine], ""] : []),
  ];
}

/** There are five photographs and eight seeded inputs. */
const inputsOf = ({ kind }: CaseResult, asked: number) => String(Math.min(asked, kind === "photographs" ? 5 : 8));

function summarize(test: ConformanceCase, comparisons: readonly Comparison[], start: number): CaseResult {
  const worst = comparisons.reduce((a, b) => (b.ratio.relativeL2 > a.ratio.relativeL2 ? b : a));
  return {
    name: test.name,
    kind: test.kind,
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    tensors: comparisons.length,
    worst: worst.tensor,
    ratio: {
      // NaN, which is larger than any number, must not get lost.
      relativeL2: Math.max(...comparisons.map(({ ratio }) => ratio.relativeL2)),
      maxAbs: Math.max(...comparisons.map(({ ratio }) => ratio.maxAbs)),
    },
  };
}

const verdict = ({ ratio }: CaseResult, bar: TensorError) =>
  ratio.relativeL2 <= bar.relativeL2 && ratio.maxAbs <= bar.maxAbs ? "ok" : "FAIL";
