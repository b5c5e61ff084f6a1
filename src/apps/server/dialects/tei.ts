import * as v from "valibot";
import { labelsOf } from "../../../tasks/classification.js";
import { type Call, type Dialect, labelScores, modelName } from "../http/operation.js";
import type { Problem } from "../http/problem.js";
import { embeddingOf, type ModelService } from "../inference/model-service.js";

const picture = v.pipe(v.string(), v.minLength(1));
const pictures = v.pipe(v.array(picture), v.minLength(1));
const shared = { model: modelName, truncate: v.optional(v.boolean()) };
const embedBody = v.object({
  inputs: v.union([picture, pictures]),
  normalize: v.optional(v.boolean(), true),
  ...shared,
});
const predictBody = v.object({
  inputs: v.union([picture, pictures, v.pipe(v.array(v.strictTuple([picture])), v.minLength(1))]),
  raw_scores: v.optional(v.boolean(), false),
  ...shared,
});
const query = v.object({ model: modelName });

/** `embed` and `predict` of Hugging Face's text-embeddings-inference, with pictures in the place of texts. */
export const tei: Dialect = {
  name: "TEI",
  description: "text-embeddings-inference, with pictures in the place of texts.",
  prefixes: ["/embed", "/predict", "/info"],
  error: v.object({ error: v.string(), error_type: v.picklist(["Validation", "Overloaded", "Unhealthy", "Backend"]) }),
  errorBody: (problem) => ({ error: problem.message, error_type: errorType(problem) }),
  operations: [
    {
      method: "post",
      path: "/embed",
      summary: "Vectors of pictures",
      json: embedBody,
      query,
      takes: "pictures",
      answer: v.array(v.array(v.number())),
      async handle(call) {
        const read = await call.body(embedBody);
        const { inputs, normalize = true } = read.kind === "json" ? read.json : { inputs: [] };
        const model = modelOf(call, read.kind === "json" ? read.json.model : undefined, "vectors");
        const uploads = read.kind === "json" ? await call.pictures([inputs].flat()) : read.pictures;
        const all = await model.run(
          uploads.map(({ bytes }) => bytes),
          ["embedding"],
          call.signal,
        );
        return all.map((outputs) => [...embeddingOf(outputs, normalize)]);
      },
    },
    {
      method: "post",
      path: "/predict",
      summary: "Labels of pictures, best first: a list for one picture, a list of lists for several",
      json: predictBody,
      query,
      takes: "pictures",
      answer: v.union([labelScores, v.array(labelScores)]),
      async handle(call) {
        const read = await call.body(predictBody);
        const isJson = read.kind === "json";
        const model = modelOf(call, isJson ? read.json.model : undefined, "labels");
        const uploads = isJson ? await call.pictures([read.json.inputs].flat(2)) : read.pictures;
        const activation = isJson && read.json.raw_scores ? "none" : model.config.activation;
        const all = await model.run(
          uploads.map(({ bytes }) => bytes),
          ["logits"],
          call.signal,
        );
        const labels = all.map(({ logits }) => labelsOf(logits!.data, model.labels, activation, {}));
        const isOne = isJson ? typeof read.json.inputs === "string" : uploads.length === 1;
        return isOne ? labels[0] : labels;
      },
    },
    {
      method: "get",
      path: "/health",
      summary: "Whether requests should come here; 503 where not",
      answer: "text/plain",
      handle: async ({ service }) => new Response(null, { status: service.unreadiness() === undefined ? 200 : 503 }),
    },
    {
      method: "get",
      path: "/info",
      summary: "What model answers here",
      query,
      answer: v.object({
        model_id: v.string(),
        model_sha: v.nullable(v.string()),
        model_dtype: v.string(),
        model_type: v.union([
          v.object({
            classifier: v.object({
              id2label: v.record(v.string(), v.string()),
              label2id: v.record(v.string(), v.number()),
            }),
          }),
          v.object({ embedding: v.object({ pooling: v.string() }) }),
        ]),
        max_concurrent_requests: v.number(),
        max_client_batch_size: v.number(),
        version: v.string(),
      }),
      async handle(call) {
        const model = call.service.model(call.query(query).model, "vectors");
        const { labels, config } = model;
        return {
          model_id: model.name,
          model_sha: null,
          model_dtype: model.dtype,
          model_type:
            labels.length > 0
              ? {
                  classifier: {
                    id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
                    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
                  },
                }
              : { embedding: { pooling: config.architecture.pool } },
          max_concurrent_requests: model.limits.queue,
          max_client_batch_size: model.limits.queue,
          version: call.service.parts.version,
        };
      },
    },
  ],
};

function modelOf(call: Call, inBody: string | undefined, need: "labels" | "vectors"): ModelService {
  const model = call.service.model(inBody ?? call.query(query).model, need);
  model.admission.check();
  return model;
}

/** TEI knows 429 for a full queue, where this server says 503; its word for the rest of 503 is "Unhealthy". */
function errorType({ status, code }: Problem): "Validation" | "Overloaded" | "Unhealthy" | "Backend" {
  if (status === 429 || code === "server/overloaded") return "Overloaded";
  if (status === 503) return "Unhealthy";
  return status < 500 ? "Validation" : "Backend";
}
