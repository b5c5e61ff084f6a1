import * as v from "valibot";
import { EMOTIONS, RACES } from "../../../tasks/faces/attributes/canonical-labels.js";
import { toScaleflex } from "../../../tasks/faces/services/to-scaleflex.js";
import type { Dialect } from "../http/operation.js";
import { faceBody, facePicture } from "./face-picture.js";

const percentages = (names: readonly string[]) => v.object(Object.fromEntries(names.map((name) => [name, v.number()])));
const emotions = Object.keys(EMOTIONS);
const races = Object.keys(RACES);
const pixel = v.pipe(v.number(), v.integer());

const face = v.object({
  box: v.strictTuple([pixel, pixel, pixel, pixel]),
  emotions: v.optional(percentages(emotions)),
  dominant_emotion: v.optional(v.picklist(emotions)),
  races: v.optional(percentages(races)),
  dominant_race: v.optional(v.picklist(races)),
  age: v.optional(pixel),
  gender: v.optional(v.string()),
});
const answer = v.object({
  status: v.literal("success"),
  version: v.string(),
  request_uuid: v.string(),
  result: v.string(),
  faces: v.record(v.string(), face),
  file_downloaded: v.string(),
});
const error = v.object({
  status: v.literal("error"),
  request_uuid: v.string(),
  code: v.string(),
  msg: v.string(),
});

/** Scaleflex VXP's face analysis. */
export const scaleflex: Dialect = {
  name: "Scaleflex",
  description: "Every face with what was asked to be told of it, in percent.",
  prefixes: ["/scaleflex"],
  error,
  errorBody: ({ code, message }, requestId) => ({ status: "error", request_uuid: requestId, code, msg: message }),
  operations: [
    {
      method: "post",
      path: "/scaleflex",
      summary: "The faces of a picture with their attributes",
      json: faceBody,
      takes: "pictures",
      answer,
      async handle(call) {
        const faces = call.service.faces();
        faces.admission.check();
        const { bytes, name } = await facePicture(call);
        return toScaleflex(await faces.analyze(bytes, call.signal), { name, requestId: call.requestId });
      },
    },
  ],
};
