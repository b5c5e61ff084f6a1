import { Command, Option } from "commander";
import type { FaceAnalysis } from "../../tasks/faces/face-analysis.js";
import { loadFaceAnalyzer } from "../../tasks/faces/load-face-analyzer.js";
import { FACE_DETECTORS, type FaceDetectorName } from "../../tasks/faces/load-face-detector.js";
import { attributeLabels } from "../../tasks/faces/pictures/face-labels.js";
import { REDACT_MODES } from "../../tasks/faces/pictures/redact.js";
import { computeOptions, dtypeOption, type LoadingOptions, loadingOptions } from "./compute-options.js";
import { UsageError } from "./exit-codes.js";
import { attributeArgument } from "./faces/attribute-argument.js";
import { FACE_FORMATS, type FaceFormat, faceDocument } from "./faces/face-format.js";
import { type FaceOutputOptions, FaceOutputs } from "./faces/face-outputs.js";
import { hubOptions, type ModelOptions } from "./model-options.js";
import { reportStream } from "./over-pictures.js";
import { expandPictures } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report, type ReportOptions, reportOptions } from "./report.js";
import type { Terminal } from "./terminal.js";

interface FacesOptions extends ReportOptions, FaceOutputOptions, LoadingOptions, Pick<ModelOptions, "cacheDir"> {
  model: FaceDetectorName;
  attributes?: Record<string, string>;
  embed?: string;
  onError: "throw" | "skip";
  format?: FaceFormat;
  minScore?: number;
  maxFaces?: number;
  minSize?: number;
}

const EXAMPLES = `
Examples:
  vitrail faces group.jpg --annotate group-faces.png
  vitrail faces "photos/**/*.jpg" --attributes emotion=./facial_emotions --jsonl > faces.jsonl
  vitrail faces face.jpg --attributes dima806/facial_emotions_image_detection --format smartclick
  vitrail faces photos/ --attributes emotion=./emotions --attributes age=./ages --report faces.html
  vitrail faces photos/ --embed ./face-vectors --cluster --contact-sheet people.jpg
  vitrail faces street.jpg --redact street-hidden.jpg --redact-mode fill

Emotion, age, gender and race are guesses from pixels: see docs/faces.md.`;

/** `vitrail faces`: where faces are, in pixels of the upright picture, and what they show. */
export function facesCommand(run: RunCommand): Command {
  const command = new Command("faces")
    .description("find faces and say what they show; mark, hide, group and count them")
    .argument("<pictures...>", 'files, folders, patterns such as "photos/**/*.jpg", or - for standard input')
    .addOption(new Option("--model <name>", "what finds them").choices(FACE_DETECTORS).default("auto"))
    .option(
      "--attributes <[name=]model>",
      "what to say of each face (default name: emotion); repeatable",
      attributeArgument,
    )
    .option("--embed <attribute or model>", "a vector of each face, from an attribute's model or another one")
    .addOption(new Option("--on-error <what>", "when an attribute fails").choices(["throw", "skip"]).default("throw"))
    .option("--min-score <score>", "only faces with at least this score", numberArgument)
    .option("--max-faces <count>", "only the best faces of a picture", numberArgument)
    .option("--min-size <pixels>", "only faces at least as large", numberArgument)
    .addOption(new Option("--format <system>", "answer as this system does").choices(Object.keys(FACE_FORMATS)))
    .option("--annotate <file or folder>", "write pictures with their faces marked, as PNG or JPEG")
    .option("--redact <file or folder>", "write pictures with their faces hidden, as PNG or JPEG")
    .addOption(new Option("--redact-mode <how>", "how to hide them (default: blur)").choices(REDACT_MODES))
    .option("--report <file.html>", "write a page about all faces that opens offline")
    .option("--cluster [similarity]", "group faces of one person by their vectors", numberArgument)
    .option("--contact-sheet <file>", "write all faces in one picture, in their groups if there are")
    .option("--count", "count faces over all pictures")
    .option("--cache-dir <folder>", "where models of the Hub are kept (default: as Python's huggingface_hub)")
    .addHelpText("after", EXAMPLES);
  for (const option of [...computeOptions(), dtypeOption(), ...reportOptions()]) command.addOption(option);
  return command.action((names: string[], options: FacesOptions) =>
    run((terminal) => analyzePictures(names, options, terminal)),
  );
}

async function analyzePictures(names: string[], options: FacesOptions, terminal: Terminal): Promise<number> {
  checkTogether(options);
  const pictures = await expandPictures(names, terminal);
  const outputs = await FaceOutputs.open(options, pictures);
  await using analyzer = await loadAnalyzer(options, terminal);
  const inputs = pictures.map(({ input }) => input);
  // One picture's answer stands alone, as the system itself would give it.
  const isAlone = options.format !== undefined && pictures.length === 1 && !options.jsonl;
  const report = isAlone ? new Report(terminal, "text") : Report.from(terminal, withFormat(options));
  return await reportStream(
    pictures,
    analyzer.analyzeAll(inputs, { signal: terminal.signal }),
    report,
    terminal,
    async (file, result, index) => {
      await outputs.add(index, result);
      for (const { message } of Object.values(result.failures ?? {})) terminal.note(`${file}: skipped: ${message}`);
      const { format } = options;
      if (!format)
        return { document: faceDocument(file, result, options.embed !== undefined), text: textOf(file, result) };
      const answer = FACE_FORMATS[format](result, file, outputs.markedFile(index));
      return { document: { file, answer }, text: [JSON.stringify(answer, null, 2)] };
    },
    { summarize: () => outputs.end(), onFailure: (name, error) => outputs.addFailure(name, error) },
  );
}

/** @throws UsageError for options that make no sense together, before any work */
function checkTogether({ format, attributes = {}, cluster, embed, redact, redactMode, dtype }: FacesOptions): void {
  if (format === "smartclick" && !Object.hasOwn(attributes, "emotion"))
    throw new UsageError("--format smartclick tells emotions: add --attributes emotion=MODEL.");
  if (cluster !== undefined && embed === undefined && Object.keys(attributes).length === 0)
    throw new UsageError("--cluster compares face vectors: add --embed MODEL.");
  if (typeof cluster === "number" && Math.abs(cluster) > 1)
    throw new UsageError(`--cluster takes a cosine similarity from -1 to 1; found ${cluster}.`);
  if (dtype && embed === undefined && Object.keys(attributes).length === 0)
    throw new UsageError(
      "--dtype says how the models of --attributes and --embed keep their weights: add one of them.",
    );
  if (redactMode && !redact) throw new UsageError("--redact-mode says how --redact hides faces: add --redact FILE.");
}

function loadAnalyzer(options: FacesOptions, terminal: Terminal) {
  const { attributes = {}, minScore, maxFaces, minSize, cluster } = options;
  const vectors = options.embed ?? (cluster === undefined ? undefined : Object.keys(attributes)[0]);
  const embed = vectors === undefined || Object.hasOwn(attributes, vectors) ? vectors : { model: vectors };
  const progress = terminal.progress("loading models");
  return loadFaceAnalyzer({
    attributes,
    detector: { model: options.model },
    onError: options.onError,
    ...(embed && { embed }),
    ...loadingOptions(options),
    ...(minScore !== undefined && { minScore }),
    ...(maxFaces !== undefined && { maxFaces }),
    ...(minSize !== undefined && { minSize }),
    ...hubOptions(options, terminal, progress),
  }).finally(progress.end);
}

/** Another system's answer is JSON, whether that was said or not. */
function withFormat({ format, json, jsonl }: FacesOptions): ReportOptions {
  return { ...((json || (format && !jsonl)) && { json: true as const }), ...(jsonl && { jsonl }) };
}

function textOf(file: string, { faces }: FaceAnalysis): string[] {
  const lines = faces.map((face) => {
    const { x, y, width, height } = face.box;
    const [left, top, wide, high] = [x, y, width, height].map((value) => value.toFixed(1).padStart(8));
    const said = attributeLabels(face.attributes)
      .map((label) => `  ${label}`)
      .join("");
    return `  score ${face.score.toFixed(3)}  left ${left}  top ${top}  width ${wide}  height ${high}${said}`;
  });
  return [`${file}  ${faces.length} ${faces.length === 1 ? "face" : "faces"}`, ...lines];
}
