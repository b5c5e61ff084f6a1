import type { Readable } from "node:stream";
import { downloadError } from "./download-error.js";
import { type HubAnswer, type HubClient, leave } from "./hub-client.js";
import { networkError } from "./network-error.js";
import type { PartialFile } from "./partial-file.js";
import type { RemoteFile } from "./remote-file.js";
import { type Asked, statusError } from "./status-error.js";

interface ReadOptions {
  part: PartialFile;
  asked: Pick<Asked, "id" | "revision" | "endpoint">;
  timeoutMs: number;
  onBytes: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

/** Less than this in the time of a whole timeout is as good as nothing: a 10 s timeout asks for 100 bytes a second. */
const LEAST_BYTES = 1000;

/**
 * Fetches what is missing of a file with one request, and appends it.
 *
 * @throws DownloadError; what has come is then in the file
 */
export async function readRange(
  client: HubClient,
  address: string,
  file: RemoteFile,
  { part, asked, timeoutMs, onBytes, signal }: ReadOptions,
): Promise<void> {
  const headers: Record<string, string> = part.bytes > 0 ? { range: `bytes=${part.bytes}-` } : {};
  const answer = await client.request(address, { method: "GET", headers, timeoutMs, signal });
  try {
    await startWhereTheAnswerDoes(answer, part, file, { ...asked, file: file.path, hasToken: client.hasToken });
    onBytes(part.bytes);
    for await (const chunk of watched(answer.body, new URL(address), file, { timeoutMs, signal })) {
      if (part.bytes + chunk.length > file.bytes) throw tooMany(file, asked.id);
      await part.append(chunk);
      onBytes(part.bytes);
    }
  } finally {
    leave(answer, "GET");
  }
  if (part.bytes < file.bytes)
    throw downloadError(
      "download/cut",
      `"${file.path}" of "${asked.id}" ended after ${part.bytes} of ${file.bytes} bytes. Load the model again: it goes on from there.`,
      { details: { id: asked.id, file: file.path, bytes: part.bytes, wanted: file.bytes } },
    );
}

async function startWhereTheAnswerDoes(
  answer: HubAnswer,
  part: PartialFile,
  file: RemoteFile,
  asked: Asked,
): Promise<void> {
  const { status, headers } = answer;
  if (status === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (Number(first) === part.bytes && (total === "*" || Number(total) === file.bytes)) return;
  }
  if (status === 206 || status === 416) {
    // Another part than was asked for: whatever the server means, the whole file is unmistakable.
    await part.startOver();
    throw downloadError("download/cut", `${asked.endpoint} sends another part of "${file.path}" than was asked for.`, {
      details: { id: asked.id, file: file.path, status },
    });
  }
  if (status !== 200) throw statusError(answer, asked);
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== file.bytes)
    throw downloadError(
      "download/size",
      `${asked.endpoint} sends ${length} bytes as "${file.path}" of "${asked.id}", which has ${file.bytes}. Check HF_ENDPOINT and the proxy.`,
      { details: { id: asked.id, file: file.path, found: Number(length), wanted: file.bytes } },
    );
  if (part.bytes > 0) await part.startOver(); // the server has no ranges
}

/** The chunks of a body, until it is slower than a person would bear. Only what goes wrong with the body itself is an error of the network. */
async function* watched(
  body: Readable,
  url: URL,
  file: RemoteFile,
  { timeoutMs, signal }: Pick<ReadOptions, "timeoutMs" | "signal">,
): AsyncGenerator<Buffer> {
  let fresh = 0;
  const watch = setInterval(() => {
    if (fresh < LEAST_BYTES)
      body.destroy(
        downloadError(
          "download/timeout",
          `"${url.host}" sent ${fresh} bytes of "${file.path}" in ${timeoutMs / 1000} seconds. Try again, or wait longer: HF_HUB_DOWNLOAD_TIMEOUT.`,
          { details: { host: url.host, file: file.path } },
        ),
      );
    fresh = 0;
  }, timeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      fresh += chunk.length;
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error, url, undefined);
  } finally {
    clearInterval(watch);
  }
}

function tooMany(file: RemoteFile, id: string) {
  return downloadError(
    "download/size",
    `"${file.path}" of "${id}" goes on after its ${file.bytes} bytes. Check the proxy.`,
    { details: { id, file: file.path, wanted: file.bytes } },
  );
}
