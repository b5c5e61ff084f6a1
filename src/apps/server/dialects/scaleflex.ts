import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { EMOTIONS, RACES } from "../../../tasks/faces/attributes/canonical-labels.js";
import { toScaleflex } from "../../../tasks/faces/services/to-scaleflex.js";
import type { Dialect } from "../http/operation.js";
import { faceBody, facePicture } from "./face-picture.js";

const percentages = (names: readonly string[]) => v.object(Object.fromEntries(names.map((name) => [name, v.number()])));
/** Where the pictures with faces drawn in are. */
const RESULTS = "/scaleflex/results";
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
        const { kept } = call.service.parts;
        faces.admission.check();
        const { bytes, name } = await facePicture(call);
        const { requestId } = call;
        const own = kept && Uint8Array.from(bytes);
        const analysis = await faces.analyze(bytes, call.signal);
        if (!kept || !own) return toScaleflex(analysis, { name, requestId });
        kept.keep(requestId, { bytes: own, analysis });
        return toScaleflex(analysis, { name, requestId, resultUrl: call.urlOf(`${RESULTS}/${requestId}.png`) });
      },
    },
    {
      method: "get",
      path: `${RESULTS}/:file`,
      summary: "The picture of an answer's `result`, with its faces drawn in; for some minutes",
      answer: "image/png",
      async handle(call) {
        const faces = call.service.faces();
        const picture = call.service.parts.kept?.get(call.param("file").replace(/\.png$/, ""));
        if (!picture) throw new ServerError("server/not-found", "There is no such picture, or it is kept no longer.");
        const png = await faces.annotate(picture, call.signal);
        return new Response(png as BodyInit, { headers: { "content-type": "image/png", "cache-control": "private" } });
      },
    },
  ],
};
