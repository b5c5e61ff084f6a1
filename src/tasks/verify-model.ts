import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.js";
import { readJsonFile } from "../io/json-file.js";
import { readSafetensors } from "../io/read-safetensors.js";
import { type Comparison, compareTensor, inOrderOfComputation, type TensorError } from "./compare.js";
import { type LoadModelOptions, loadModel } from "./load-model.js";
import { hubOptionsOf, locateModel } from "./locate-model.js";
import type { OutputName } from "./outputs.js";

export interface VerifyOptions extends LoadModelOptions {
  /** The reference without its endings. Default: `golden` in the model's folder. */
  golden?: string;
}

export interface Verification {
  /** In the order of the forward pass, so that the first that misses is where to look. */
  tensors: Comparison[];
  passes: boolean;
}

/**
 * Runs a checkpoint on the input of a reference that PyTorch made for it and compares every output with it.
 *
 * The reference is `golden.safetensors` (`input` `[batch, height, width, 3]` float32, and outputs by their names in float64, each with its
 * batch axis) and `golden.json` (`torchFloat32`: PyTorch float32's own error at each of them). `tools/reference/make_golden.py` writes both.
 *
 * @throws InputError `input/golden` for a reference that is missing or of another form; what `loadModel` throws
 */
export async function verifyModel(source: string, options: VerifyOptions = {}): Promise<Verification> {
  const { golden: given, ...loading } = options;
  const golden = given ?? join((await locateModel(source, hubOptionsOf(loading))).root, "golden");
  const { input, wanted, own } = await readReference(golden);
  await using model = await loadModel(source, loading);
  const names = inOrderOfComputation(wanted.keys()) as OutputName[];
  const found = await model.runTensor(input.values, input.shape, {
    outputs: names,
    ...(loading.signal && { signal: loading.signal }),
  });
  const tensors = names.map((name) => compareTensor(name, found[name]!.data, wanted.get(name)!, own[name]!));
  return { tensors, passes: tensors.every(({ passes }) => passes) };
}

async function readReference(golden: string) {
  const fail = (message: string, cause?: unknown) =>
    new InputError("input/golden", `${message} Write a reference with tools/reference/make_golden.py.`, {
      cause,
      details: { golden },
    });
  const file = `${golden}.safetensors`;
  const bytes = await readFile(file).catch((cause) => {
    throw fail(`There is no reference "${file}".`, cause);
  });
  const { tensors } = readSafetensors(bytes, file);
  const input = tensors.get("input");
  if (input?.dtype !== "F32" || input.shape.length !== 4)
    throw fail(`"${file}" has no "input" of float32 values [batch, height, width, 3].`);
  const facts = (await readJsonFile(`${golden}.json`)) as { torchFloat32?: Record<string, TensorError> };
  const wanted = new Map<string, Float64Array>();
  for (const [name, { dtype, bytes: values }] of tensors)
    if (dtype === "F64" && !/^(class|mean|pooler)$/.test(name))
      wanted.set(name, new Float64Array(values.slice().buffer));
  const unknown = [...wanted.keys()].find((name) => facts.torchFloat32?.[name] === undefined);
  if (wanted.size === 0 || unknown !== undefined)
    throw fail(
      `"${golden}.json" must give PyTorch's own error ("torchFloat32") for each float64 tensor${unknown ? `; "${unknown}" has none` : ""}.`,
    );
  return {
    input: {
      values: new Float32Array(input.bytes.slice().buffer),
      shape: input.shape as unknown as [number, number, number, number],
    },
    wanted,
    own: facts.torchFloat32!,
  };
}
