import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { type Call, onePicture } from "../http/operation.js";
import type { Upload } from "../http/picture-source.js";

/** The JSON of the face services, who themselves take uploads and URLs. */
export const faceBody = v.union([
  v.object({ image: v.pipe(v.string(), v.minLength(1)) }),
  v.object({ url: v.pipe(v.string(), v.minLength(1)) }),
]);

/** The one picture of a request for faces. */
export async function facePicture(call: Call): Promise<Upload> {
  const read = await call.body(faceBody);
  if (read.kind === "pictures") return onePicture(read.pictures);
  if ("image" in read.json) return onePicture(await call.pictures([read.json.image]));
  if (!/^https?:/i.test(read.json.url))
    throw new ServerError("server/parameter", '"url" must begin with "http:" or "https:".');
  return onePicture(await call.pictures([read.json.url]));
}
