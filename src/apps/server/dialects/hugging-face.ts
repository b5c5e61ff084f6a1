import * as v from "valibot";
import { labelsOf } from "../../../tasks/classification.js";
import { type Dialect, labelScores, onePicture, wholeNumber, wholeText } from "../http/operation.js";

const ACTIVATIONS = ["softmax", "sigmoid", "none"] as const;
/** As many labels as Hugging Face's pipeline gives by default. */
const TOP_K = 5;

const parameters = v.object({
  function_to_apply: v.nullish(v.picklist(ACTIVATIONS)),
  top_k: v.nullish(wholeNumber),
});
const body = v.object({ inputs: v.pipe(v.string(), v.minLength(1)), parameters: v.nullish(parameters) });
const query = v.object({ function_to_apply: v.optional(v.picklist(ACTIVATIONS)), top_k: v.optional(wholeText) });

/** The image classification of Hugging Face's Inference API. */
export const huggingFace: Dialect = {
  name: "Hugging Face",
  description: "Image classification as in the Inference API.",
  prefixes: ["/models/"],
  error: v.object({ error: v.string() }),
  errorBody: ({ message }) => ({ error: message }),
  operations: [
    {
      method: "post",
      path: "/models/:name{.+}",
      summary: "Labels of a picture, best first",
      json: body,
      query,
      takes: "pictures",
      answer: labelScores,
      async handle(call) {
        const model = call.service.model(call.param("name"), "labels");
        model.admission.check();
        const fromQuery = call.query(query);
        const read = await call.body(body);
        const picture = onePicture(read.kind === "json" ? await call.pictures([read.json.inputs]) : read.pictures);
        const given = (read.kind === "json" && read.json.parameters) || fromQuery;
        const [outputs] = await model.run([picture.bytes], ["logits"], call.signal);
        return labelsOf(outputs!.logits!.data, model.labels, given.function_to_apply ?? model.config.activation, {
          topK: given.top_k ?? TOP_K,
        });
      },
    },
  ],
};
