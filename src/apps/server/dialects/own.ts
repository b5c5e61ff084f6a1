import * as v from "valibot";
import { ServerError } from "../../../errors.js";
import { type Dialect, onePicture, wholeText } from "../http/operation.js";
import { ownError, ownErrorBody } from "./own-error.js";

/** Hits that `/search` gives by default. */
const TOP_K = 10;
const imageBody = v.object({ image: v.pipe(v.string(), v.minLength(1)) });
const searchQuery = v.object({ top_k: v.optional(wholeText) });
const status = v.object({ status: v.string() });

/** What is vitrail's own: similar pictures, and what those ask who run the server. */
export const own: Dialect = {
  name: "vitrail",
  description: "Similar pictures, health and metrics.",
  prefixes: ["/"],
  error: ownError,
  errorBody: ownErrorBody,
  operations: [
    {
      method: "post",
      path: "/search",
      summary: "The pictures of the index that are most like this one",
      json: imageBody,
      query: searchQuery,
      takes: "pictures",
      answer: v.array(v.object({ id: v.string(), score: v.number(), metadata: v.record(v.string(), v.unknown()) })),
      async handle(call) {
        const { neighbors } = call.service.parts;
        if (!neighbors) throw new ServerError("server/not-implemented", "This server has no index to search.");
        const { top_k = TOP_K } = call.query(searchQuery);
        const read = await call.body(imageBody);
        const picture = onePicture(read.kind === "json" ? await call.pictures([read.json.image]) : read.pictures);
        return neighbors.nearest(picture.bytes, top_k, call.signal);
      },
    },
    {
      method: "get",
      path: "/health/live",
      summary: "Whether the process lives",
      answer: status,
      handle: async () => ({ status: "live" }),
    },
    {
      method: "get",
      path: "/health/ready",
      summary: "Whether requests should come here; 503 with the reason where not",
      answer: status,
      async handle({ service }) {
        const reason = service.unreadiness();
        return Response.json({ status: reason ?? "ready" }, { status: reason === undefined ? 200 : 503 });
      },
    },
    {
      method: "get",
      path: "/metrics",
      summary: "Counters and times in Prometheus' text format",
      answer: "text/plain",
      handle: async ({ service }) =>
        new Response(service.parts.metrics.text(), { headers: { "content-type": "text/plain; version=0.0.4" } }),
    },
  ],
};
