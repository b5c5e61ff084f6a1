import { ServerError } from "../../../errors.js";

/** Room for a body that does not say its length. */
const FIRST_BYTES = 65_536;

export interface BodyLimits {
  /** Most bytes. */
  maxBytes: number;
  /** Longest time until the body is there, in milliseconds. */
  timeoutMs: number;
}

/**
 * The whole body of a request, no more than allowed and no slower.
 *
 * @throws ServerError `server/too-large`, before anything is read where the length is declared; `server/body-timeout`; `server/media-type` for a compressed
 *   body; `server/client-gone`
 */
export async function readBody(request: Request, { maxBytes, timeoutMs }: BodyLimits): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity")
    throw new ServerError(
      "server/media-type",
      "Compressed bodies are not read. Send the body without Content-Encoding.",
    );
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return new Uint8Array(0);
  const reader = request.body.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServerError("server/body-timeout", `The body did not arrive within ${timeoutMs / 1000} s.`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([readAll(reader, maxBytes, declared || FIRST_BYTES), late]);
  } catch (error) {
    // What is still to come is not wanted. A connection that is cut already has nothing to cancel.
    reader.cancel().catch(() => {});
    if (error instanceof ServerError) throw error;
    throw new ServerError("server/client-gone", "The client went away while it sent the body.", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** @param first bytes to make room for; twice as much each time that they do not do */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  first: number,
): Promise<Uint8Array> {
  // Copied as it comes, so that what came need not be kept until the end: a body would be there twice.
  let body = new Uint8Array(first);
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes === body.length ? body : body.slice(0, bytes);
    if (bytes + value.length > maxBytes) throw tooLarge(maxBytes);
    if (bytes + value.length > body.length) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(bytes + value.length, 2 * body.length)));
      larger.set(body.subarray(0, bytes));
      body = larger;
    }
    body.set(value, bytes);
    bytes += value.length;
  }
}

function tooLarge(maxBytes: number): ServerError {
  return new ServerError("server/too-large", `The body has more than the ${maxBytes} bytes that are allowed.`);
}
