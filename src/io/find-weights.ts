import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { statIfThere, unreadable } from "./positional-file.js";
import { quote, weightsError } from "./weights-error.js";

/** The names that transformers and timm give their weights. */
const SINGLE_FILE = "model.safetensors";
const INDEX_FILE = `${SINGLE_FILE}.index.json`;

const OTHER_WEIGHTS: readonly [pattern: RegExp, what: string][] = [
  [/\.safetensors$/, "safetensors under another name"],
  [/\.(bin|pt|pth|ckpt|pkl)$/, "PyTorch pickles"],
  [/\.(h5|keras|hdf5)$/, "Keras weights"],
  [/\.msgpack$/, "Flax weights"],
  [/\.onnx$/, "ONNX models"],
  [/\.tflite$/, "TensorFlow Lite models"],
  [/\.gguf$/, "GGUF models"],
];

/**
 * Finds the weights of a model folder: `model.safetensors`, else the index of its shards. Both present: the single file, as
 * transformers does.
 *
 * @returns the path of a safetensors file or of an index
 * @throws WeightsFileError `weights/not-found`, `weights/none-in-folder`, `weights/unreadable`
 */
export async function findWeights(fileOrFolder: string): Promise<string> {
  if (!(await statIfThere(fileOrFolder))?.isDirectory()) return fileOrFolder;
  let names: string[];
  try {
    names = (await readdir(fileOrFolder)).sort();
  } catch (cause) {
    throw unreadable(fileOrFolder, cause);
  }
  // By listing, not by opening: a link into a cache that lost its file must not pass for no file.
  for (const name of [SINGLE_FILE, INDEX_FILE]) if (names.includes(name)) return join(fileOrFolder, name);
  throw noWeights(fileOrFolder, names);
}

function noWeights(folder: string, names: string[]): unknown {
  const found: string[] = [];
  for (const [pattern, what] of OTHER_WEIGHTS) {
    const matching = names.filter((name) => pattern.test(name));
    if (matching.length > 0)
      found.push(`${what} (${matching.slice(0, 3).map(quote).join(", ")}${matching.length > 3 ? ", ..." : ""})`);
  }
  const safetensors = names.some((name) => name.endsWith(".safetensors"));
  const content =
    found.length > 0
      ? found.join(", ")
      : names.length > 0
        ? `${names.slice(0, 5).map(quote).join(", ")}`
        : "nothing at all";
  const advice = safetensors
    ? "Give the path of the file instead of the folder's."
    : found.length > 0
      ? "Convert them with Python's save_pretrained(safe_serialization=True), or take a revision of the model that has safetensors."
      : "Check the path, or download the model again.";
  return weightsError(
    "weights/none-in-folder",
    folder,
    `has neither "${SINGLE_FILE}" nor "${INDEX_FILE}"; found ${content}. ${advice}`,
    {
      details: { found: names.slice(0, 100) },
    },
  );
}
