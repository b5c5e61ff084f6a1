import { type Context, Hono } from "hono";
import { ServerError } from "../../errors.js";
import { azureMl } from "./dialects/azure-ml.js";
import { huggingFace } from "./dialects/hugging-face.js";
import { kserve } from "./dialects/kserve.js";
import { openai } from "./dialects/openai.js";
import { own } from "./dialects/own.js";
import { scaleflex } from "./dialects/scaleflex.js";
import { smartClick } from "./dialects/smart-click.js";
import { tei } from "./dialects/tei.js";
import type { ApiKeys } from "./http/api-keys.js";
import { withDeadline } from "./http/deadline.js";
import type { Logger } from "./http/json-log.js";
import { openApiDocument } from "./http/openapi.js";
import { Call, type Dialect, type Operation, pathTemplate } from "./http/operation.js";
import { problemOf } from "./http/problem.js";
import type { Quota } from "./http/quota.js";
import { requestIdOf } from "./http/request-id.js";
import { pageHeaders, pageHtml } from "./page/page.js";
import type { Service } from "./service.js";

/** The one with the shortest prefix is last: it has what no other dialect claims. */
const DIALECTS: readonly Dialect[] = [huggingFace, smartClick, scaleflex, azureMl, tei, kserve, openai, own];
/** Open to all, and answered also when nothing else is: those who ask are machines that watch. */
const ALWAYS = /^\/(v2\/)?health(\/|$)/;
/** The page holds no secret; what it asks the server for does. */
const OPEN = /^\/$/;
/** Characters of a URL. */
const LONGEST_URL = 8_192;

/** Other methods are one series of the metrics. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export interface AppParts {
  service: Service;
  keys: ApiKeys;
  quota: Quota;
  log: Logger;
  /** Longest time for an answer, in milliseconds. */
  deadlineMs: number;
}

interface Variables {
  requestId: string;
  route: string;
  failure: unknown;
}
type AppContext = Context<{ Variables: Variables }>;

/** The routes of all dialects, with what they have in common around them. */
export function makeApp(parts: AppParts): Hono<{ Variables: Variables }> {
  const { service, keys, quota } = parts;
  const app = new Hono<{ Variables: Variables }>();
  app.use(async (c, next) => {
    const start = performance.now();
    c.set("requestId", requestIdOf(c.req.raw.headers.get("x-request-id")));
    await next();
    c.header("x-request-id", c.get("requestId"));
    record(c, parts, performance.now() - start);
  });
  app.use(async (c, next) => {
    if (c.req.url.length > LONGEST_URL) throw new ServerError("server/url-too-long", "The URL is too long.");
    if (ALWAYS.test(c.req.path)) return next();
    if (!OPEN.test(c.req.path)) quota.spend(keys.check(c.req.raw.headers));
    service.enter();
    try {
      await next();
    } finally {
      service.leave();
    }
  });
  const document = openApiDocument(DIALECTS, service.parts.version);
  const add = (path: string, methods: readonly string[]) =>
    app.all(path, () => {
      throw new ServerError("server/method", `This route takes ${methods.join(" or ")}.`, { details: { methods } });
    });
  app.get("/", (c) => c.html(pageHtml(service), 200, pageHeaders));
  app.get("/openapi.json", (c) => c.json(document));
  const operations = DIALECTS.flatMap((dialect) => dialect.operations);
  for (const operation of operations) app.on(operation.method, operation.path, (c) => answer(c, operation, parts));
  for (const { path, method } of operations) add(path, [method.toUpperCase()]);
  for (const path of ["/", "/openapi.json"]) add(path, ["GET"]);
  app.notFound((c) => fail(c, new ServerError("server/not-found", "There is no such route. See /openapi.json.")));
  app.onError((error, c) => fail(c, error));
  return app;
}

async function answer(c: AppContext, operation: Operation, { service, deadlineMs }: AppParts): Promise<Response> {
  c.set("route", pathTemplate(operation));
  const result = await withDeadline(c.req.raw, deadlineMs, (signal) =>
    operation.handle(new Call(c, service, c.get("requestId"), signal)),
  );
  return result instanceof Response ? result : c.json(result as object);
}

function fail(c: AppContext, error: unknown): Response {
  c.set("failure", error);
  return errorResponse(c.req.path, c.get("requestId"), error);
}

/** A failure in the shape of the dialect that the path belongs to. */
export function errorResponse(path: string, requestId: string, error: unknown): Response {
  const problem = problemOf(error);
  const dialect = DIALECTS.find(({ prefixes }) => prefixes.some((prefix) => path.startsWith(prefix)))!;
  const headers: Record<string, string> = { "x-request-id": requestId };
  if (problem.retryAfter !== undefined) headers["retry-after"] = String(problem.retryAfter);
  if (problem.status === 401) headers["www-authenticate"] = "Bearer";
  if (problem.status === 405) headers.allow = ((error as ServerError).details.methods as string[]).join(", ");
  return Response.json(dialect.errorBody(problem, requestId), { status: problem.status, headers });
}

function record(c: AppContext, { service, log }: AppParts, milliseconds: number): void {
  const { method, path } = c.req;
  const { status } = c.res;
  const route = c.get("route") ?? "other";
  const failure = c.get("failure");
  service.parts.metrics.answered(METHODS.has(method) ? method : "_OTHER", route, status, milliseconds / 1000);
  const fields = { requestId: c.get("requestId"), method, path, route, status, ms: Math.round(milliseconds * 10) / 10 };
  if (failure === undefined) {
    log.info(fields, "answered");
    return;
  }
  const { code } = problemOf(failure);
  if (status === 503 || status === 429) service.parts.metrics.rejected(code.split("/")[1]!);
  if (status === 500)
    log.error({ ...fields, code, error: failure instanceof Error ? failure.stack : String(failure) }, "failed");
  else log.info({ ...fields, code }, "refused");
}
