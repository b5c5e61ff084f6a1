import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import type { Upload } from "./picture-source.js";
import { type BodyLimits, readBody } from "./read-body.js";

/** A body of any of the kinds that are read: JSON of the dialect's own, or pictures as they are. */
export type RequestBody<Json> =
  | { kind: "json"; json: Json }
  | { kind: "pictures"; pictures: Upload[]; fields: Readonly<Record<string, string>> };

/** curl sends this for `--data-binary` unless it is told otherwise. */
const RAW_TYPES = /^(image\/[\w.+-]+|application\/octet-stream|application\/x-www-form-urlencoded)$/;

/**
 * Reads a request's body by its Content-Type: JSON, multipart/form-data, or the bytes of one picture.
 *
 * @param schema of the JSON; absent where the dialect has none
 * @throws ServerError `server/bad-request`, `server/parameter`, `server/media-type`, and what `readBody` throws
 */
export async function readRequest<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  limits: BodyLimits,
): Promise<RequestBody<v.InferOutput<Schema>>> {
  const contentType = request.headers.get("content-type") ?? "application/octet-stream";
  const mediaType = mediaTypeOf(contentType);
  const isJson = mediaType === "application/json";
  const isMultipart = mediaType === "multipart/form-data";
  if (!isJson && !isMultipart && !RAW_TYPES.test(mediaType))
    throw new ServerError(
      "server/media-type",
      "The Content-Type must be application/json, multipart/form-data, image/… or application/octet-stream.",
    );
  const bytes = await readBody(request, limits);
  if (isJson) return { kind: "json", json: parseJson(bytes, schema) };
  if (isMultipart) return { kind: "pictures", ...(await parseMultipart(bytes, contentType)) };
  return { kind: "pictures", pictures: [{ bytes, name: "" }], fields: {} };
}

function mediaTypeOf(contentType: string): string {
  return contentType.split(";")[0]!.trim().toLowerCase();
}

/** As `readRequest` where only JSON will do. */
export async function readJson<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
  limits: BodyLimits,
): Promise<v.InferOutput<Schema>> {
  const mediaType = mediaTypeOf(request.headers.get("content-type") ?? "");
  if (mediaType !== "application/json")
    throw new ServerError("server/media-type", "The Content-Type must be application/json.");
  return parseJson(await readBody(request, limits), schema);
}

function parseJson<Schema extends v.GenericSchema>(bytes: Uint8Array, schema: Schema): v.InferOutput<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ServerError("server/bad-request", "The body is no JSON in UTF-8.");
  }
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  throw parameterError(result.issues[0]);
}

/** What a schema refused, without showing what was sent. */
export function parameterError(issue: v.BaseIssue<unknown>): ServerError {
  const path = v.getDotPath(issue) ?? "";
  const wanted = issue.expected ?? issue.type.replaceAll("_", " ");
  return new ServerError(
    "server/parameter",
    `${path === "" ? "The body" : `"${path.slice(0, 80)}"`} is not as wanted: ${wanted}.`,
    { details: { path } },
  );
}

async function parseMultipart(
  bytes: Uint8Array,
  contentType: string,
): Promise<{ pictures: Upload[]; fields: Record<string, string> }> {
  let form: FormData;
  try {
    form = await new Response(bytes as BodyInit, { headers: { "content-type": contentType } }).formData();
  } catch {
    throw new ServerError("server/bad-request", "The body is no multipart/form-data as its Content-Type says.");
  }
  const pictures: Upload[] = [];
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of form as unknown as Iterable<[string, File | string]>) {
    if (typeof value === "string") fields[name] = value;
    else pictures.push({ bytes: new Uint8Array(await value.arrayBuffer()), name: value.name });
  }
  if (pictures.length === 0)
    throw new ServerError("server/bad-request", "The form has no file. Send the picture as a file, not as text.");
  return { pictures, fields };
}
