import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { scoresOf } from "../../../tasks/classification.js";
import { unitLength } from "../../../tasks/embedding.js";
import type { Call, Dialect, Operation } from "../http/operation.js";
import { SERVED_OUTPUTS, type ServedOutput } from "../inference/engine-host.js";
import type { ModelService, PictureOutputs } from "../inference/model-service.js";
import { prepareTensor } from "./kserve-tensor.js";

const PLATFORM = "vitrail";
const shape = v.array(v.pipe(v.number(), v.integer()));
const tensorFacts = v.object({ name: v.string(), datatype: v.string(), shape });
const inputTensor = v.object({
  name: v.picklist(["image", "pixel_values"]),
  shape: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1))), v.minLength(1), v.maxLength(4)),
  datatype: v.picklist(["BYTES", "FP32"]),
  data: v.array(v.unknown()),
});
const body = v.object({
  id: v.optional(v.pipe(v.string(), v.maxLength(200))),
  parameters: v.optional(v.record(v.string(), v.unknown())),
  inputs: v.pipe(v.array(inputTensor), v.length(1, 'one input, "image" or "pixel_values"')),
  outputs: v.optional(v.pipe(v.array(v.object({ name: v.picklist(SERVED_OUTPUTS) })), v.minLength(1))),
});
const inferAnswer = v.object({
  model_name: v.string(),
  model_version: v.string(),
  id: v.optional(v.string()),
  outputs: v.array(v.object({ name: v.string(), shape, datatype: v.literal("FP32"), data: v.array(v.number()) })),
});
const modelFacts = v.object({
  name: v.string(),
  versions: v.array(v.string()),
  platform: v.string(),
  inputs: v.array(tensorFacts),
  outputs: v.array(tensorFacts),
});

/** Checkpoints here have no versions of their own. */
const VERSION = "1";

const atModel = (call: Call): ModelService => {
  const model = call.service.model(call.param("name"), "vectors");
  const version = call.param("version") as string | undefined;
  if (version !== undefined && version !== VERSION)
    throw new ServerError("server/not-found", "There is no such version of the model.");
  return model;
};

/** The routes of a model, with and without its version in the path. */
const modelRoutes = (root: string): Operation[] => [
  {
    method: "get",
    path: root,
    summary: "Inputs and outputs of a model",
    answer: modelFacts,
    handle: async (call) => factsOf(atModel(call)),
  },
  {
    method: "get",
    path: `${root}/ready`,
    summary: "Whether a model answers",
    answer: v.object({ name: v.string(), ready: v.boolean() }),
    async handle(call) {
      const { name, isUp } = atModel(call);
      return { name, ready: isUp };
    },
  },
  {
    method: "post",
    path: `${root}/infer`,
    summary: "Outputs of pictures: of encoded files as base64, or of prepared pixels",
    json: body,
    answer: inferAnswer,
    async handle(call) {
      const model = atModel(call);
      model.admission.check();
      const { id, inputs, outputs } = await call.json(body);
      const names = outputs?.map(({ name }) => name) ?? [model.labels.length > 0 ? "logits" : "embedding"];
      const results = await run(call, model, inputs[0]!, names);
      return {
        model_name: model.name,
        model_version: VERSION,
        ...(id !== undefined && { id }),
        outputs: names.map((name) => outputTensor(name, results, model)),
      };
    },
  },
];

/** KServe's v2 protocol, also called the Open Inference Protocol. */
export const kserve: Dialect = {
  name: "KServe v2",
  description: "The Open Inference Protocol over REST.",
  prefixes: ["/v2"],
  error: v.object({ error: v.string() }),
  errorBody: ({ message }) => ({ error: message }),
  operations: [
    {
      method: "get",
      path: "/v2",
      summary: "What this server is",
      answer: v.object({ name: v.string(), version: v.string(), extensions: v.array(v.string()) }),
      handle: async ({ service }) => ({ name: PLATFORM, version: service.parts.version, extensions: [] }),
    },
    {
      method: "get",
      path: "/v2/health/live",
      summary: "Whether the process lives",
      answer: v.object({ live: v.boolean() }),
      handle: async () => ({ live: true }),
    },
    {
      method: "get",
      path: "/v2/health/ready",
      summary: "Whether requests should come here; 503 where not",
      answer: v.object({ ready: v.boolean() }),
      async handle({ service }) {
        const ready = service.unreadiness() === undefined;
        return Response.json({ ready }, { status: ready ? 200 : 503 });
      },
    },
    ...modelRoutes("/v2/models/:name"),
    ...modelRoutes("/v2/models/:name/versions/:version"),
  ],
};

async function run(
  call: Call,
  model: ModelService,
  input: v.InferOutput<typeof inputTensor>,
  names: readonly ServedOutput[],
): Promise<PictureOutputs[]> {
  // Probabilities come from the logits with the precision that the other dialects have.
  const outputs = [...new Set(names.map((name) => (name === "probabilities" ? "logits" : name)))];
  if (outputs.includes("logits")) call.service.model(model.name, "labels");
  if (input.name === "pixel_values") return model.runPrepared(prepareTensor(input, model.config), outputs, call.signal);
  const texts = input.data.filter((item) => typeof item === "string");
  if (
    input.datatype !== "BYTES" ||
    texts.length !== input.data.length ||
    String(input.shape) !== String([texts.length])
  )
    throw new ServerError("server/parameter", '"image" must be BYTES of shape [N] with N pictures as base64.');
  const uploads = await call.pictures(texts);
  return model.run(
    uploads.map(({ bytes }) => bytes),
    outputs,
    call.signal,
  );
}

function outputTensor(name: ServedOutput, results: readonly PictureOutputs[], model: ModelService) {
  const rows = results.map((outputs): ArrayLike<number> & Iterable<number> => {
    if (name === "probabilities") return scoresOf(outputs.logits!.data, model.config.activation);
    return name === "embedding" ? unitLength(outputs.embedding!.data) : outputs[name]!.data;
  });
  return { name, shape: [rows.length, rows[0]!.length], datatype: "FP32", data: rows.flatMap((row) => [...row]) };
}

function factsOf({ name, config, labels }: ModelService): v.InferOutput<typeof modelFacts> {
  const { image, width } = config.architecture;
  const perLabel = ["logits", "probabilities"].map((output) => ({
    name: output,
    datatype: "FP32",
    shape: [-1, labels.length],
  }));
  return {
    name,
    versions: [VERSION],
    platform: PLATFORM,
    inputs: [
      { name: "image", datatype: "BYTES", shape: [-1] },
      { name: "pixel_values", datatype: "FP32", shape: [-1, 3, image.height, image.width] },
    ],
    outputs: [...(labels.length > 0 ? perLabel : []), { name: "embedding", datatype: "FP32", shape: [-1, width] }],
  };
}
