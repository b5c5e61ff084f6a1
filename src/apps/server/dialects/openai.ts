import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import type { Dialect } from "../http/operation.js";
import type { Problem } from "../http/problem.js";
import { embeddingOf } from "../inference/model-service.js";

const picture = v.pipe(v.string(), v.minLength(1));
const part = v.object({ type: v.literal("image_url"), image_url: v.object({ url: picture }) });
const message = v.object({ role: v.string(), content: v.pipe(v.array(part), v.minLength(1)) });
const shared = {
  model: v.optional(v.string()),
  encoding_format: v.optional(v.picklist(["float", "base64"]), "float"),
  dimensions: v.optional(v.number()),
  user: v.optional(v.string()),
};
/** `input` as infinity and mlx-vlm take pictures, `messages` as vLLM does. */
const body = v.union([
  v.object({ input: v.union([picture, v.pipe(v.array(picture), v.minLength(1))]), ...shared }),
  v.object({ messages: v.pipe(v.array(message), v.minLength(1)), ...shared }),
]);
const embedding = v.object({
  object: v.literal("embedding"),
  embedding: v.union([v.array(v.number()), v.string()]),
  index: v.number(),
});

/** OpenAI's embeddings, of pictures as data URIs. */
export const openai: Dialect = {
  name: "OpenAI",
  description: "Embeddings, of pictures as data URIs.",
  prefixes: ["/v1/"],
  error: v.object({
    error: v.object({
      message: v.string(),
      type: v.string(),
      param: v.nullable(v.string()),
      code: v.nullable(v.string()),
    }),
  }),
  errorBody: (problem) => ({
    error: { message: problem.message, type: errorType(problem), param: null, code: problem.code },
  }),
  operations: [
    {
      method: "post",
      path: "/v1/embeddings",
      summary: "Vectors of pictures, of length 1",
      json: body,
      answer: v.object({
        object: v.literal("list"),
        data: v.array(embedding),
        model: v.string(),
        usage: v.object({ prompt_tokens: v.number(), total_tokens: v.number() }),
      }),
      async handle(call) {
        const json = await call.json(body);
        const model = call.service.model(json.model, "vectors");
        model.admission.check();
        const { width } = model.config.architecture;
        if (json.dimensions !== undefined && json.dimensions !== width)
          throw new ServerError("server/parameter", `"dimensions" must be ${width} or absent with this model.`);
        const texts =
          "input" in json
            ? [json.input].flat()
            : json.messages.flatMap(({ content }) => content.map(({ image_url: { url } }) => url));
        const uploads = await call.pictures(texts);
        const all = await model.run(
          uploads.map(({ bytes }) => bytes),
          ["embedding"],
          call.signal,
        );
        const encode = json.encoding_format === "base64" ? littleEndianBase64 : (vector: Float32Array) => [...vector];
        return {
          object: "list",
          data: all.map((outputs, index) => ({ object: "embedding", embedding: encode(embeddingOf(outputs)), index })),
          model: model.name,
          usage: { prompt_tokens: 0, total_tokens: 0 },
        };
      },
    },
  ],
};

/** float32, little-endian, as OpenAI's clients read it. */
function littleEndianBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes.toString("base64");
}

function errorType({ status }: Problem): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
