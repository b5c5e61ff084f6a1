import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openModel } from "../load-model.js";
import { locateModel } from "../locate-model.js";
import { quantizationPage } from "../reports/quantization-page.js";
import { calibrationPictures } from "./calibration-pictures.js";
import { chooseLayers } from "./choose-layers.js";
import { outputFolder } from "./output-folder.js";
import { pageThumbnails } from "./page-thumbnails.js";
import { checkLayerNames, quantizableLayers } from "./quantizable-layers.js";
import { type QuantizationReport, reportOf } from "./quantization-report.js";
import { checkQuantizeOptions, hubOptions, type QuantizeOptions } from "./quantize-options.js";
import { timeEngines } from "./time-engines.js";
import { writeJson, writeText } from "./write-quantized.js";

/**
 * Writes a smaller copy of a model, a folder that `loadModel` takes, with a receipt of what that cost: `report.json` and `report.html`.
 *
 * The matrices of the blocks become int8 with a scale for each output, or float16; all else stays as it is stored. Original and copy are then asked
 * about every calibration picture. With a `budget`, a copy beyond it is not written; `keepWorst` keeps the layers that do the most harm.
 *
 * @param source as of `loadModel`
 * @throws QuantizationError `quantize/budget` with the layers to keep in `details.keep`; `quantize/no-pictures`, `quantize/already`,
 *   `quantize/too-small`, `quantize/output`; InputError `input/option`; CheckpointError `checkpoint/layer`; what `loadModel` throws; `signal.reason`
 */
export async function quantize(source: string, options: QuantizeOptions): Promise<QuantizationReport> {
  checkQuantizeOptions(options);
  const hub = hubOptions(options);
  const { dtype = "int8", engines, threads, progress = () => {} } = options;
  const { root } = await locateModel(source, hub);
  const { config, checkpoint, files } = await openModel(source, hub);
  try {
    const layers = quantizableLayers(checkpoint, config, dtype);
    checkLayerNames(options.keep ?? [], layers);
    const pictures = await calibrationPictures(options.calibrate);
    const sizeBefore = await bytesOf(files);
    return await outputFolder(options.out, async (draft) => {
      const choice = await chooseLayers({ source, root, checkpoint, config, layers, pictures, draft, dtype, options });
      progress({ stage: "timing", done: 0, total: 1 });
      const speed = await timeEngines(source, draft, choice.answers.sample[0]!, {
        ...hub,
        ...(engines && { engines }),
        ...(threads !== undefined && { threads }),
      });
      const size = { before: sizeBefore, after: await bytesOf([join(draft, "model.safetensors")]) };
      const report = reportOf({ config, dtype, layers, choice, speed, size, budget: options.budget });
      await writeJson(join(draft, "report.json"), report);
      const page = quantizationPage(report, await pageThumbnails(report.worst, pictures));
      await writeText(join(draft, "report.html"), page);
      return report;
    });
  } finally {
    await checkpoint.close();
  }
}

async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map((file) => stat(file)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
