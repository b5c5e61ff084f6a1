// The section of docs/performance.md about the engine "onnxruntime".
import { QUIET } from "./foreign-load.mjs";
import { ONNX_SECTION } from "./onnx-workloads.mjs";

const OURS = { fp32: "vitrail, fp32, on onnxruntime", int8: "vitrail, int8, on onnxruntime" };
const EXPORTED = { fp32: "torch.onnx fp32", int8: "torch.onnx int8" };
const TORCHSCRIPT = "torch.onnx fp32, TorchScript";

const ofTime = ({ least }) => least;
const ofMemory = ({ peakMegabytes }) => peakMegabytes;
/** `most`: what the project has set itself. */
const row = (title, name, precision, most, measure = ofTime) => ({ title, name, precision, most, measure });

const ROWS = [
  row("ViT-B/16 fp32, time of a pass", "vit-base", "fp32", 1.03),
  row("EVA-02-B fp32, time of a pass", "eva02-base", "fp32", 0.93),
  row("ViT-B/16 int8, time of a pass", "vit-base", "int8", 1),
  row("EVA-02-B int8, time of a pass", "eva02-base", "int8", 0.9),
  row("ViT-B/16 fp32, cold process to first logits", "vit-base, cold start", "fp32", 0.6),
  row("EVA-02-B fp32, cold process to first logits", "eva02-base, cold start", "fp32", 0.6),
  row("ViT-B/16 int8, cold process to first logits", "vit-base, cold start", "int8"),
  row("EVA-02-B int8, cold process to first logits", "eva02-base, cold start", "int8"),
  row("ViT-B/16 fp32, peak resident memory", "vit-base", "fp32", 0.75, ofMemory),
  row("EVA-02-B fp32, peak resident memory", "eva02-base", "fp32", 0.75, ofMemory),
  row("ViT-B/16 int8, peak resident memory", "vit-base", "int8", undefined, ofMemory),
  row("EVA-02-B int8, peak resident memory", "eva02-base", "int8", undefined, ofMemory),
];
const LABELS = { name: "file to labels", peer: "transformers.js fp32", most: 0.95 };

/** @returns lines of Markdown, none where nothing of it was measured */
export function onnxSection(workloads) {
  const own = workloads.filter(({ section }) => section === ONNX_SECTION);
  if (own.length === 0) return [];
  const resultOf = (name, peer) =>
    own
      .find((one) => one.name === `${ONNX_SECTION}, ${name}`)
      ?.results.find((result) => result.name === peer && !result.error);
  const ratio = (name, ours, peer, measure = ofTime) => {
    const [mine, theirs] = [resultOf(name, ours), resultOf(name, peer)];
    return mine && theirs ? measure(mine) / measure(theirs) : undefined;
  };
  const judged = (value, most) => {
    if (value === undefined) return "not measured";
    return `${value.toFixed(2)}${most === undefined ? "" : ` (${most}${value <= most ? "" : ", **missed**"})`}`;
  };
  const rows = ROWS.map(({ title, name, precision, most, measure }) => {
    const cells = [
      judged(ratio(name, OURS[precision], EXPORTED[precision], measure), most),
      precision === "fp32" ? judged(ratio(name, OURS.fp32, TORCHSCRIPT, measure), most) : "",
    ];
    return `| ${title} | ${cells.join(" | ")} |`;
  });
  const foreign = Math.max(...own.map((one) => one.foreign ?? 0));
  return [
    "## The engine onnxruntime",
    "",
    'vitrail\'s own graph over the bytes of `model.safetensors` (`engine: "onnxruntime"`) beside the graph that `torch.onnx.export` makes of the same model, in the same ONNX Runtime: by its default exporter,',
    "and by the one before it, TorchScript, which most .onnx files on the Hub were made with. int8 beside ONNX Runtime's own dynamic quantization of the exported graph, with weights per channel;",
    "vitrail's cold start with int8 reads and rounds float32 weights, the peer's were rounded before. In parentheses the most that the project has set itself.",
    ...(foreign > QUIET
      ? ["", `**A sketch: other programs kept up to ${foreign.toFixed(1)} cores busy as it was measured.**`]
      : []),
    "",
    "| vitrail over | torch.onnx | torch.onnx, TorchScript |",
    "|---|--:|--:|",
    ...rows,
    "",
    `ViT-B/16 from a JPEG file to labels, over transformers.js on the TorchScript export: ${judged(ratio(LABELS.name, OURS.fp32, LABELS.peer), LABELS.most)}. transformers.js has no EVA-02.`,
    "",
    ...own.flatMap(table),
  ];
}

/** Times in milliseconds. */
function table({ title, results }) {
  const line = ({ name, error, least, median, peakMegabytes }) =>
    error
      ? `| ${name} | ${error.replaceAll("|", "/")} | | |`
      : `| ${name} | ${least.toFixed(1)} | ${median.toFixed(1)} | ${peakMegabytes.toFixed(0)} |`;
  return [`| ${title} | least, ms | median, ms | peak memory, MB |`, "|---|--:|--:|--:|", ...results.map(line), ""];
}
