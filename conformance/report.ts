import type { loadFaceDetector } from "../src/exports/faces.js";
import type { describeEngine, loadModel } from "../src/index.js";
import { BAR, type Comparison } from "../src/tasks/compare.js";
import { type ConformanceCase, FULL_SIZE_CASES, TINY_CASES } from "./cases.js";
import { readGolden } from "./golden.js";
import { faceSection } from "./report-faces.js";
import { runCase } from "./run-case.js";

export { runEngine, withEngineSection } from "./engine-report.js";

/** The built package. */
export interface Package {
  loadModel: typeof loadModel;
  loadFaceDetector: typeof loadFaceDetector;
  describeEngine: typeof describeEngine;
}

/** What vitest says about one test of the sources. */
export interface TestResult {
  /** Below `conformance/`. */
  file: string;
  title: string;
  passed: boolean;
}

export interface Report {
  markdown: string;
  passes: boolean;
}

/**
 * Runs every case against the built package and writes the table of them.
 *
 * @param tell hears about each case as it ends
 */
export async function report(
  { loadModel, loadFaceDetector, describeEngine }: Package,
  tests: readonly TestResult[],
  tell: (line: string) => void,
): Promise<Report> {
  const results: { test: ConformanceCase; comparisons: Comparison[] }[] = [];
  for (const test of [...TINY_CASES, ...FULL_SIZE_CASES]) {
    const start = performance.now();
    const comparisons = await runCase(loadModel, test);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    tell(`${verdict(comparisons)}  ${test.name} (${worstOf(comparisons).ratio.relativeL2.toFixed(2)} x, ${seconds} s)`);
    results.push({ test, comparisons });
  }
  const faces = await faceSection(loadFaceDetector);
  tell(`${faces.passes ? "ok" : "FAIL"}  BlazeFace`);
  const { engine, threads, simd } = describeEngine();
  const isTiny = ({ test }: { test: ConformanceCase }) => test.kind === "tiny";
  const { madeWith } = readGolden("vit").facts as { madeWith: Record<string, string> };
  const markdown = [
    "# Conformance",
    "",
    "Written by `npm run conformance`: the built package against PyTorch float64, beside PyTorch float32's own error against it",
    "(its worst of several runs and inputs). The bar at every tensor: our relative L2 error is at most",
    `${BAR.relativeL2} times PyTorch's own, our largest difference at most ${BAR.maxAbs} times. [numerics.md](numerics.md) says why.`,
    "",
    `References: ${Object.entries(madeWith)
      .map((pair) => pair.join(" "))
      .join(", ")}. Engine of this run: ${engine}, ${simd} SIMD, ${threads} threads, Node ${process.versions.node}.`,
    "",
    ...results.filter((result) => !isTiny(result)).flatMap(fullSizeSection),
    ...faces.lines,
    "## Tiny models",
    "",
    "Every layout of files and every variant that vitrail reads; three pictures of different sizes each, then all as one batch.",
    "",
    "| model | shows | tensors | relative L2 / PyTorch's | at | largest / PyTorch's | |",
    "|---|---|--:|--:|---|--:|---|",
    ...results.filter(isTiny).map(tinyRow),
    "",
    ...faultSection(tests),
    ...testSection(tests),
  ].join("\n");
  const casesPass = results.every(({ comparisons }) => comparisons.every(({ passes }) => passes));
  return { markdown, passes: casesPass && faces.passes && tests.every(({ passed }) => passed) };
}

function fullSizeSection({ test, comparisons }: { test: ConformanceCase; comparisons: Comparison[] }): string[] {
  const rows = comparisons.map(({ tensor, relativeL2, maxAbs, ratio, passes }) => {
    const own = (value: number, times: number) => (value / times).toExponential(1);
    return `| ${tensor} | ${relativeL2.toExponential(1)} | ${own(relativeL2, ratio.relativeL2)} | ${ratio.relativeL2.toFixed(2)} | ${maxAbs.toExponential(1)} | ${own(maxAbs, ratio.maxAbs)} | ${ratio.maxAbs.toFixed(2)} | ${passes ? "ok" : "FAIL"} |`;
  });
  return [
    `## ${test.name}`,
    "",
    `${test.shows}; ${test.kind === "photographs" ? "five photographs" : "eight inputs"}, the worst of them in each line.`,
    "",
    "| tensor | relative L2 | PyTorch's | ratio | largest difference | PyTorch's | ratio | |",
    "|---|--:|--:|--:|--:|--:|--:|---|",
    ...rows,
    "",
  ];
}

function tinyRow({ test, comparisons }: { test: ConformanceCase; comparisons: Comparison[] }): string {
  const worst = worstOf(comparisons);
  const largest = Math.max(...comparisons.map(({ ratio }) => ratio.maxAbs));
  return `| ${test.name} | ${test.shows} | ${comparisons.length} | ${worst.ratio.relativeL2.toFixed(2)} | ${worst.tensor} | ${largest.toFixed(2)} | ${verdict(comparisons)} |`;
}

function faultSection(tests: readonly TestResult[]): string[] {
  const faults = tests.filter(({ title }) => title.includes(FAULT));
  const caught = faults.filter(({ passed }) => passed).length;
  return [
    "## Seeded faults",
    "",
    `Mistakes put in on purpose, to see that the bar is low enough: ${caught} of ${faults.length} caught.`,
    "",
    "| fault | caught by, and the first tensor that shows it | |",
    "|---|---|---|",
    ...faults.map(({ title, passed }) => `| ${title.replace(FAULT, " | ")} | ${passed ? "caught" : "MISSED"} |`),
    "",
  ];
}

/** In the title of a test whose subject is a fault. */
const FAULT = ": caught by ";

function testSection(tests: readonly TestResult[]): string[] {
  const files = [...new Set(tests.map(({ file }) => file))].sort();
  const row = (file: string) => {
    const own = tests.filter((test) => test.file === file);
    return `| \`${file}\` | ${own.filter(({ passed }) => passed).length} | ${own.length} |`;
  };
  return [
    "## Tests of the sources",
    "",
    "| file of `conformance/` | passed | of |",
    "|---|--:|--:|",
    ...files.map(row),
    "",
  ];
}

function worstOf(comparisons: Comparison[]): Comparison {
  return comparisons.reduce((worst, one) => (one.ratio.relativeL2 > worst.ratio.relativeL2 ? one : worst));
}

function verdict(comparisons: Comparison[]): "ok" | "FAIL" {
  return comparisons.every(({ passes }) => passes) ? "ok" : "FAIL";
}
