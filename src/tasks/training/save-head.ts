import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, TrainingError, VitrailError } from "../../errors.js";
import type { Checkpoint } from "../../io/checkpoint.js";
import { readJsonFile } from "../../io/json-file.js";
import { makeFolder } from "../../io/make-folder.js";
import { openCheckpoint } from "../../io/open-checkpoint.js";
import { replaceFile } from "../../io/replace-file.js";
import type { TensorToWrite } from "../../io/write-safetensors.js";
import { type BytesOrSource, writeSafetensorsFile } from "../../io/write-safetensors-file.js";
import type { VisionModel } from "../vision-model.js";
import type { DenseLayer } from "./dense-layer.js";
import type { Head } from "./head.js";
import { headConfig, nameOfTensor, PYTHON_NOTE } from "./head-config.js";
import { changedTensors } from "./tuning/changed-tensors.js";
import type { TunedModel } from "./tuning/tuned-model.js";

type Tensors = [string, TensorToWrite<BytesOrSource>][];

/** Files that a saved head has, and may replace. */
const OWN_FILES = new Set(["config.json", "preprocessor_config.json", "model.safetensors", "README.md"]);

/** Writes a model's folder with a new head, beside its place, then moves it there. @throws as `Head.save` */
export async function saveHead(head: Head, model: VisionModel, folder: string, tuned?: TunedModel): Promise<void> {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0"))
    throw new InputError("input/not-a-path", `save got ${JSON.stringify(folder)}; wanted the path of a folder.`);
  if (model.files.length === 0)
    throw new TrainingError(
      "training/not-saved",
      "The model was not loaded from files, so its weights can't be copied.",
    );
  const source = dirname(model.files[0]!);
  const target = resolve(folder);
  await checkTarget(target, source);
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await makeFolder(draft);
    await writeFiles(head, source, model.files, draft, tuned);
    await moveOver(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
    throw notSaved(target, error);
  }
}

async function writeFiles(
  head: Head,
  source: string,
  files: readonly string[],
  draft: string,
  tuned: TunedModel | undefined,
): Promise<void> {
  const config = await readJsonFile(join(source, "config.json"));
  const preprocessor = await readJsonFile(join(source, "preprocessor_config.json")).catch((error) => {
    if (error instanceof VitrailError && error.code === "checkpoint/file-missing") return undefined;
    throw error;
  });
  await writeJson(join(draft, "config.json"), headConfig(config, head));
  if (preprocessor) await writeJson(join(draft, "preprocessor_config.json"), preprocessor);
  if (head.layers.length > 1) await writeText(join(draft, "README.md"), PYTHON_NOTE);
  await using checkpoint = await openCheckpoint(files.length === 1 ? files[0]! : source);
  const changed = tuned ? changedTensors(tuned, checkpoint) : new Map();
  const tensors = [...backboneTensors(checkpoint, config, changed), ...headTensors(head.layers, checkpoint, config)];
  await writeSafetensorsFile(join(draft, "model.safetensors"), tensors, { format: "pt" });
}

/** The model's tensors as they are stored, or were changed, one after the other, without a classifier that it may have. */
function backboneTensors(
  checkpoint: Checkpoint,
  config: Record<string, unknown>,
  changed: ReadonlyMap<string, TensorToWrite<BytesOrSource>>,
): Tensors {
  return [...checkpoint.tensors].flatMap(([name, { dtype, shape }]): Tensors => {
    const saved = nameOfTensor(name, config);
    return saved === undefined
      ? []
      : [[saved, changed.get(name) ?? { dtype, shape, bytes: () => checkpoint.readBytes(name) }]];
  });
}

function headTensors(layers: readonly DenseLayer[], checkpoint: Checkpoint, config: Record<string, unknown>): Tensors {
  const isTimm = typeof config.architecture === "string";
  const prefix = [...checkpoint.tensors.keys()].some((name) => name.startsWith("timm_model.")) ? "timm_model." : "";
  const name = isTimm ? `${prefix}head` : "classifier";
  return layers.flatMap(({ weight, bias }, depth): Tensors => {
    const own = depth === layers.length - 1 ? name : `${name}.hidden`;
    const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return [
      [`${own}.weight`, { dtype: "F32", shape: [bias.length, weight.length / bias.length], bytes: bytes(weight) }],
      [`${own}.bias`, { dtype: "F32", shape: [bias.length], bytes: bytes(bias) }],
    ];
  });
}

/** @throws TrainingError `training/not-saved` for the model's own folder, and for one with other files */
async function checkTarget(target: string, source: string): Promise<void> {
  const refuse = (why: string): never => {
    throw new TrainingError("training/not-saved", `"${target}" ${why}. Name another folder.`, {
      details: { folder: target },
    });
  };
  if (target === resolve(source)) refuse("is the folder of the model itself");
  let files: string[];
  try {
    files = await readdir(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    return refuse(`can't be a folder to save into (${(error as NodeJS.ErrnoException).code})`);
  }
  const other = files.find((file) => !OWN_FILES.has(file));
  if (other !== undefined) refuse(`has other files ("${other}")`);
}

/** The system's refusal to write as ours. */
function notSaved(folder: string, error: unknown): unknown {
  const cause = error instanceof VitrailError && error.code === "weights/writer-failed" ? error.cause : error;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (cause instanceof VitrailError || syscall === undefined) return error;
  return new TrainingError(
    "training/not-saved",
    `The head can't be saved in "${folder}" (${code}). Check the folder, its permissions and the free space; what was there is untouched.`,
    { cause, details: { folder, systemCode: code } },
  );
}

/** Puts a folder into the place of another, which is gone only when the new one is there. */
async function moveOver(draft: string, target: string): Promise<void> {
  const aside = `${draft}.old`;
  const had = await rename(target, aside).then(
    () => true,
    () => false,
  );
  try {
    await rename(draft, target);
  } catch (error) {
    if (had) await rename(aside, target);
    throw error;
  }
  if (had) await rm(aside, { recursive: true, force: true });
}

const writeJson = (path: string, value: unknown) => writeText(path, `${JSON.stringify(value, null, 2)}\n`);

function writeText(path: string, text: string): Promise<void> {
  return replaceFile(path, (append) => append(new TextEncoder().encode(text)));
}
