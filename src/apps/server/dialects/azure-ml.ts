import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { scoresOf } from "../../../tasks/classification.js";
import { type Dialect, modelName } from "../http/operation.js";
import { ownError, ownErrorBody } from "./own-error.js";

/** A row is a picture, or a list with a cell for each column. */
const row = v.union([v.string(), v.array(v.unknown())]);
const body = v.object({
  input_data: v.object({
    columns: v.pipe(v.array(v.string()), v.minLength(1)),
    index: v.optional(v.array(v.unknown())),
    data: v.pipe(v.array(row), v.minLength(1)),
  }),
});
const query = v.object({ model: modelName });

/** The scoring route of an Azure ML endpoint, as AutoML's image models have it. */
export const azureMl: Dialect = {
  name: "Azure ML",
  description: "Scoring as an Azure ML online endpoint.",
  prefixes: ["/score"],
  error: ownError,
  errorBody: ownErrorBody,
  operations: [
    {
      method: "post",
      path: "/score",
      summary: "Probabilities of every label, for each picture",
      json: body,
      query,
      takes: "pictures",
      answer: v.array(v.object({ probs: v.array(v.number()), labels: v.array(v.string()) })),
      async handle(call) {
        const model = call.service.model(call.query(query).model, "labels");
        model.admission.check();
        const read = await call.body(body);
        const pictures = read.kind === "json" ? await call.pictures(imagesOf(read.json.input_data)) : read.pictures;
        const all = await model.run(
          pictures.map(({ bytes }) => bytes),
          ["logits"],
          call.signal,
        );
        return all.map(({ logits }) => ({
          probs: [...scoresOf(logits!.data, model.config.activation)],
          labels: [...model.labels],
        }));
      },
    },
  ],
};

function imagesOf({ columns, data }: v.InferOutput<typeof body>["input_data"]): string[] {
  const column = columns.indexOf("image");
  if (column < 0) throw new ServerError("server/parameter", '"input_data.columns" must have "image".');
  return data.map((cells) => {
    const cell = typeof cells === "string" ? cells : cells[column];
    if (typeof cell === "string") return cell;
    throw new ServerError("server/parameter", 'Each row of "input_data.data" must have its picture as base64.');
  });
}
