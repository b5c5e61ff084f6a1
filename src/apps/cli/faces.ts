import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { VitrailError } from "../../errors.js";
import { encodePng } from "../../images/encode-png.js";
import type { StreamItem } from "../../tasks/batches.js";
import { annotateFaces } from "../../tasks/faces/annotate-faces.js";
import type { Face } from "../../tasks/faces/face.js";
import type { FaceDetector } from "../../tasks/faces/face-detector.js";
import { FACE_MODELS, type FaceModelName } from "../../tasks/faces/face-models.js";
import { loadFaceDetector } from "../../tasks/faces/load-face-detector.js";
import type { ImageInput } from "../../tasks/image-input.js";
import { readImage } from "../../tasks/image-input.js";
import { UsageError } from "./exit-codes.js";
import { reportStream } from "./over-pictures.js";
import { expandPictures, type NamedPicture } from "./pictures.js";
import type { RunCommand } from "./program.js";
import { numberArgument, Report, type ReportOptions, reportOptions } from "./report.js";
import type { Terminal } from "./terminal.js";

interface FacesOptions extends ReportOptions {
  model: FaceModelName;
  minScore?: number;
  maxFaces?: number;
  annotate?: string;
}

const EXAMPLES = `
Examples:
  vitrail faces group.jpg
  vitrail faces group.jpg --model full --annotate group-faces.png
  vitrail faces photos/ --jsonl > faces.jsonl`;

/** `vitrail faces`: where faces are, in pixels of the upright picture. */
export function facesCommand(run: RunCommand): Command {
  const command = new Command("faces")
    .description("find faces: boxes, scores and six landmarks")
    .argument("<pictures...>", "files, folders, or - for standard input")
    .addOption(new Option("--model <range>", "how far faces may be").choices(Object.keys(FACE_MODELS)).default("short"))
    .option("--min-score <score>", "only faces with at least this score", numberArgument)
    .option("--max-faces <count>", "only the best faces of a picture", numberArgument)
    .option("--annotate <file.png>", "write the (one) picture with its faces marked")
    .addHelpText("after", EXAMPLES);
  for (const option of reportOptions()) command.addOption(option);
  return command.action((names: string[], options: FacesOptions) =>
    run(async (terminal) => {
      const pictures = await expandPictures(names, terminal);
      if (options.annotate && pictures.length !== 1)
        throw new UsageError(`--annotate writes one picture; ${pictures.length} were given.`);
      await using detector = await loadFaceDetector({ model: options.model, signal: terminal.signal });
      const results = detectAll(detector, pictures, options, terminal);
      return await reportStream(pictures, results, Report.from(terminal, options), terminal, (file, faces) => ({
        document: { file, faces },
        text: [`${file}  ${faces.length} ${faces.length === 1 ? "face" : "faces"}`, ...faces.map(describeFace)],
      }));
    }),
  );
}

async function* detectAll(
  detector: FaceDetector,
  pictures: readonly NamedPicture[],
  { minScore, maxFaces, annotate }: FacesOptions,
  { signal }: Terminal,
): AsyncGenerator<StreamItem<ImageInput, Face[]>> {
  for (const [index, { input: item }] of pictures.entries()) {
    try {
      const image = await readImage(item, { signal });
      const result = await detector.detect(image, {
        ...(minScore !== undefined && { minScore }),
        ...(maxFaces !== undefined && { maxFaces }),
        signal,
      });
      if (annotate) await writeFile(annotate, await encodePng(annotateFaces(image, result)));
      yield { index, item, result };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof VitrailError)) throw error;
      yield { index, item, error };
    }
  }
}

function describeFace({ box: { x, y, width, height }, score }: Face): string {
  const [left, top, wide, high] = [x, y, width, height].map((value) => value.toFixed(1).padStart(8));
  return `  score ${score.toFixed(3)}  left ${left}  top ${top}  width ${wide}  height ${high}`;
}
