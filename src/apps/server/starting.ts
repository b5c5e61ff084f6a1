import { ServerError } from "../../errors.js";
import { errorResponse } from "./app.js";
import { requestIdOf } from "./http/request-id.js";

/** What is said while models are loaded: that the process lives, that it is not ready, and to come again. */
export function startingFetch(request: Request): Response {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/health/live":
      return Response.json({ status: "live" });
    case "/v2/health/live":
      return Response.json({ live: true });
    case "/health/ready":
      return Response.json({ status: "starting" }, { status: 503 });
    case "/health":
      return new Response(null, { status: 503 });
    case "/v2/health/ready":
      return Response.json({ ready: false }, { status: 503 });
  }
  const error = new ServerError("server/not-ready", "The models are being loaded. Send the request again.");
  return errorResponse(pathname, requestIdOf(request.headers.get("x-request-id")), error);
}
