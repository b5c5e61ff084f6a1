import { describe, expect, it } from "vitest";

// Plain JavaScript, since the benchmark runs before anything is built.
const { performanceDocument } = await import(new URL("./document.mjs", import.meta.url).href);
const { plot } = await import(new URL("./plot.mjs", import.meta.url).href);

const result = (name: string, least: number) => ({
  name,
  least,
  median: least,
  peakMegabytes: 1,
  firstMilliseconds: 5,
});
const workload = {
  title: "ViT",
  name: "vit",
  model: "vit-base",
  batch: 1,
  threads: 2,
  results: [
    result("vitrail, fp32, Node 20", 300),
    result("vitrail, fp32, Node 24", 400),
    { name: "vitrail, int8, Node 20", error: "input/option: a | b" },
    result("onnxruntime-node fp32", 100),
    result("tfjs-backend-wasm", 1600),
  ],
};
const machine = { processor: "2 cores", memory: "1 GiB", versions: { Node: "20" }, date: "2026-01-01" };

describe("docs/performance.md", () => {
  it("says how long a cold start takes beside the yardstick's, and what a model takes of the memory", () => {
    const starts = {
      name: "cold start",
      starts: 5,
      title: "cold",
      results: [result("vitrail, fp32, Node 20", 1300), result("onnxruntime-node fp32", 1000)],
    };
    const mebibytes = { empty: 100, loaded: 440, disposed: 110, firstHalf: 450, lastHalf: 451 };
    const memory = {
      name: "memory",
      starts: 1,
      title: "memory",
      results: [{ ...result("vitrail, fp32, Node 20", 1), facts: { memory: mebibytes } }],
    };
    const document = performanceDocument([starts, memory, workload], machine);
    expect(document).toContain("| vitrail, fp32, Node 20 | 1.30 (1.2, **missed**) | 1.30 | 1.30 | 1 |");
    expect(document).toContain("| vitrail, fp32, Node 20 | 100 | 440 | 1.04 | 110 | 450 | 451 |");
    expect(document).not.toContain("## cold");
  });

  const document = performanceDocument([workload], machine);

  it("says beside each ratio what was the most, and which is missed", () => {
    expect(document).toContain(
      "| ViT-B/16 fp32 / onnxruntime-node fp32 | 3.00 (3.7) | 4.00 (3.7, **missed**) | not measured |",
    );
    expect(document).toContain("| ViT-B/16 fp32 / tfjs-backend-wasm | 0.19 (0.25) | 0.25 (0.25) | not measured |");
  });

  it("sets the engine onnxruntime beside PyTorch's exports, in time, start and memory", () => {
    const ours = { ...result("vitrail, fp32, on onnxruntime", 92), peakMegabytes: 480 };
    const theirs = { ...result("torch.onnx fp32", 100), peakMegabytes: 600 };
    const scripted = { name: "torch.onnx fp32, TorchScript", error: "Error: no | such file" };
    const section = { section: "onnxruntime", title: "EVA-02-B" };
    const passes = { ...section, name: "onnxruntime, eva02-base", results: [ours, theirs, scripted], foreign: 0.5 };
    const start = { ...section, name: "onnxruntime, eva02-base, cold start", starts: 4, results: [ours, theirs] };
    const text = performanceDocument([passes, start], machine);
    expect(text).toContain("| EVA-02-B fp32, time of a pass | 0.92 (0.93) | not measured |");
    expect(text).toContain("| EVA-02-B fp32, cold process to first logits | 0.92 (0.6, **missed**) | not measured |");
    expect(text).toContain("| EVA-02-B fp32, peak resident memory | 0.80 (0.75, **missed**) | not measured |");
    expect(text).toContain("| EVA-02-B int8, time of a pass | not measured |  |");
    expect(text).toContain("| torch.onnx fp32, TorchScript | Error: no / such file | | |");
    expect(text).toContain("up to 0.5 cores busy");
    expect(document).not.toContain("## The engine onnxruntime");
  });

  it("compares the attention with the products of the same Node", () => {
    const results = [result("vitrail, fp32, Node 24", 12), result("products, fp32, Node 24", 10)];
    const attention = { title: "Attention", name: "attention", threads: 2, results };
    expect(performanceDocument([attention], machine)).toContain(
      "| Attention over 1025 tokens fp32 / its products alone | not measured | 1.20 (1.25) | not measured |",
    );
  });

  it("marks what was measured while other programs ran", () => {
    expect(document).not.toContain("sketch");
    expect(performanceDocument([{ ...workload, foreign: 1.4 }], machine)).toMatch(/A sketch: .* 1\.4 cores/);
  });

  it("gives the reason of a peer that failed in its row, which stays one", () => {
    expect(document).toContain("| vitrail, int8, Node 20 | input/option: a / b |");
  });
});

describe("docs/performance.svg", () => {
  it("has a dot for each peer that ran, faster ones further left", () => {
    const image = plot([workload]) as string;
    const places = [...image.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(places).toHaveLength(4);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});
