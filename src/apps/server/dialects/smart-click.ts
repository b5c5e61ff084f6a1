import * as v from "valibot";
import { EMOTIONS } from "../../../tasks/faces/attributes/canonical-labels.js";
import { toSmartClick } from "../../../tasks/faces/services/to-smart-click.js";
import type { Dialect } from "../http/operation.js";
import { faceBody, facePicture } from "./face-picture.js";
import { ownError, ownErrorBody } from "./own-error.js";

const emotions = Object.keys(EMOTIONS);
const face = v.object({
  probability: v.number(),
  rectangle: v.object({ left: v.number(), top: v.number(), right: v.number(), bottom: v.number() }),
  emotion: v.object({
    value: v.picklist(emotions),
    probability: v.number(),
    sentiments: v.object(Object.fromEntries(emotions.map((name) => [name, v.number()]))),
  }),
});

/** SmartClick's emotion detection. */
export const smartClick: Dialect = {
  name: "SmartClick",
  description: "Every face with its emotions.",
  prefixes: ["/smartclick"],
  error: ownError,
  errorBody: ownErrorBody,
  operations: [
    {
      method: "post",
      path: "/smartclick",
      summary: "The faces of a picture with their emotions; an empty list where there are none",
      json: faceBody,
      takes: "pictures",
      answer: v.array(face),
      async handle(call) {
        const faces = call.service.faces("emotion");
        faces.admission.check();
        const { bytes } = await facePicture(call);
        return toSmartClick(await faces.analyze(bytes, call.signal));
      },
    },
  ],
};
