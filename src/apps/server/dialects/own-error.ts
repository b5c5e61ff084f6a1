import * as v from "valibot";
import type { Problem } from "../http/problem.js";

/** The error body where a dialect prescribes none. */
export const ownError = v.object({
  error: v.object({ code: v.string(), message: v.string(), request_id: v.string() }),
});

export function ownErrorBody({ code, message }: Problem, requestId: string): v.InferOutput<typeof ownError> {
  return { error: { code, message, request_id: requestId } };
}
