import type { Context } from "hono";
import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import type { Service } from "../service.js";
import { pictureOf, type Upload } from "./picture-source.js";
import type { Problem } from "./problem.js";
import { parameterError, type RequestBody, readJson, readRequest } from "./read-request.js";

/** A route of a dialect: what it takes, what it answers, and how. */
export interface Operation {
  method: "get" | "post";
  /** As Hono writes it: `/models/:name`. */
  path: string;
  summary: string;
  /** Of a JSON body. */
  json?: v.GenericSchema;
  /** Of the query. */
  query?: v.GenericSchema;
  /** Whether a picture may also come as it is, as the body or as a file of a form. */
  takes?: "pictures";
  /** Of the JSON answer; or the media type of another one. */
  answer: v.GenericSchema | string;
  handle(call: Call): Promise<unknown>;
}

/** A path as OpenAPI and metrics write it: `/models/{name}`. */
export function pathTemplate({ path }: Pick<Operation, "path">): string {
  return path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
}

/** One system's way to speak, whole: its routes and its errors. */
export interface Dialect {
  name: string;
  description: string;
  /** Of the paths that belong to it, also those that it does not have. */
  prefixes: readonly string[];
  operations: readonly Operation[];
  errorBody(problem: Problem, requestId: string): unknown;
  /** Of `errorBody`. */
  error: v.GenericSchema;
}

/** One request on its way through an operation. */
export class Call {
  constructor(
    private readonly context: Context,
    readonly service: Service,
    readonly requestId: string,
    /** Aborted when the client goes away or the deadline is over. */
    readonly signal: AbortSignal,
  ) {}

  /** A part of the path. */
  param(name: string): string {
    return this.context.req.param(name)!;
  }

  /** Where a path of this server is for its clients. */
  urlOf(path: string): string {
    return (this.service.parts.publicUrl ?? new URL(this.context.req.url).origin) + path;
  }

  /** @throws ServerError `server/parameter` */
  query<Schema extends v.GenericSchema>(schema: Schema): v.InferOutput<Schema> {
    const result = v.safeParse(schema, this.context.req.query(), { abortEarly: true });
    if (result.success) return result.output;
    throw parameterError(result.issues[0]);
  }

  /** @throws as `readRequest` */
  body<Schema extends v.GenericSchema>(schema: Schema): Promise<RequestBody<v.InferOutput<Schema>>> {
    return readRequest(this.context.req.raw, schema, this.service.parts.body);
  }

  /** @throws as `readJson` */
  json<Schema extends v.GenericSchema>(schema: Schema): Promise<v.InferOutput<Schema>> {
    return readJson(this.context.req.raw, schema, this.service.parts.body);
  }

  /** Pictures that stand in JSON strings: base64, data URIs or URLs. */
  pictures(texts: readonly string[]): Promise<Upload[]> {
    return Promise.all(texts.map((text) => pictureOf(text, this.service.parts.fetchPicture, this.signal)));
  }
}

/** @throws ServerError `server/bad-request` for several */
export function onePicture(pictures: readonly Upload[]): Upload {
  if (pictures.length !== 1)
    throw new ServerError("server/bad-request", `This route takes one picture; found ${pictures.length}.`);
  return pictures[0]!;
}

/** A whole number in a query string. */
export const wholeText = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,5}$/, "a whole number of at least 1"),
  v.transform(Number),
);
/** A model's name in a query string or body. */
export const modelName = v.optional(v.pipe(v.string(), v.maxLength(200)));
export const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
export const labelScores = v.array(v.object({ label: v.string(), score: v.number() }));
