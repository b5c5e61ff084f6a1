import { ServerError } from "../../../errors.js";

/**
 * Runs work with a signal that aborts when the client goes away or time is up.
 *
 * @throws what `work` throws; ServerError `server/deadline`, `server/client-gone`
 */
export async function withDeadline<Result>(
  request: Request,
  mostMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const gone = () => controller.abort(new ServerError("server/client-gone", "The client went away."));
  const timer = setTimeout(
    () => controller.abort(new ServerError("server/deadline", `There was no answer within ${mostMs / 1000} s.`)),
    mostMs,
  );
  if (request.signal.aborted) gone();
  request.signal.addEventListener("abort", gone, { once: true });
  const over = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  over.catch(() => {}); // it is the race that tells of it
  try {
    return await Promise.race([work(controller.signal), over]);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", gone);
  }
}
