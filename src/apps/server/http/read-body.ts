import { ServerError } from "../../../errors.js";

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
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return new Uint8Array(0);
  const reader = request.body.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServerError("server/body-timeout", `The body did not arrive within ${timeoutMs / 1000} s.`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([readAll(reader, maxBytes), late]);
  } catch (error) {
    // What is still to come is not wanted. A connection that is cut already has nothing to cancel.
    reader.cancel().catch(() => {});
    if (error instanceof ServerError) throw error;
    throw new ServerError("server/client-gone", "The client went away while it sent the body.", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    bytes += value.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    parts.push(value);
  }
}

function tooLarge(maxBytes: number): ServerError {
  return new ServerError("server/too-large", `The body has more than the ${maxBytes} bytes that are allowed.`);
}
