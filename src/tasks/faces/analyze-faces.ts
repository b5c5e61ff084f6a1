import type { ImageInput } from "../image-input.js";
import type { FaceAnalysis } from "./face-analysis.js";
import { type FaceAnalyzerOptions, loadFaceAnalyzer } from "./load-face-analyzer.js";

/**
 * Finds every face of a picture and says what each shows. Loads its models and gives them back: for more than one call, keep an analyzer
 * (`loadFaceAnalyzer`) or pass loaded models.
 *
 * ```ts
 * await analyzeFaces("group.jpg", { attributes: { emotion: "./facial_emotions" } });
 * ```
 *
 * @throws what `loadFaceAnalyzer` and `FaceAnalyzer.analyze` throw
 */
export async function analyzeFaces(input: ImageInput, options?: FaceAnalyzerOptions): Promise<FaceAnalysis>;
export async function analyzeFaces(
  inputs: readonly ImageInput[],
  options?: FaceAnalyzerOptions,
): Promise<FaceAnalysis[]>;
export async function analyzeFaces(
  inputs: ImageInput | readonly ImageInput[],
  options: FaceAnalyzerOptions = {},
): Promise<FaceAnalysis | FaceAnalysis[]> {
  const analyzer = await loadFaceAnalyzer(options);
  try {
    return await analyzer.analyze(inputs as ImageInput, options.signal && { signal: options.signal });
  } finally {
    await analyzer.dispose();
  }
}
