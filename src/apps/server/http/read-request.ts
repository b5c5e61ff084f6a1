import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { isModestJson } from "./modest-json.js";
import { parseMultipart } from "./multipart.js";
import type { Upload } from "./picture-source.js";
import { type BodyLimits, readBody } from "./read-body.js";

/** A body of any of the kinds that are read: JSON of the dialect's own, or pictures as they are. */
export type RequestBody<Json> = { kind: "json"; json: Json } | { kind: "pictures"; pictures: Upload[] };

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
  return { kind: "pictures", pictures: isMultipart ? filesOf(bytes, contentType) : [{ bytes, name: "" }] };
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
  if (!isModestJson(bytes))
    throw new ServerError("server/bad-request", "The JSON nests too deep, or is of too many parts.");
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

function filesOf(bytes: Uint8Array, contentType: string): Upload[] {
  const parts = parseMultipart(bytes, contentType);
  if (!parts)
    throw new ServerError("server/bad-request", "The body is no multipart/form-data as its Content-Type says.");
  const files = parts.flatMap(({ fileName: name, bytes }) => (name === undefined ? [] : [{ bytes, name }]));
  if (files.length > 0) return files;
  throw new ServerError("server/bad-request", "The form has no file. Send the picture as a file, not as text.");
}
