import { VitrailError } from "../../../errors.js";

/** Why a request is not answered as asked, in what every dialect's error body is made of. */
export interface Problem {
  status: number;
  /** Stable. */
  code: string;
  /** For people; says nothing about this machine. */
  message: string;
  /** Seconds, where the request may be sent again. */
  retryAfter?: number;
}

const STATUS: Readonly<Record<string, number>> = {
  "server/bad-request": 400,
  "image/empty": 400,
  "server/unauthorized": 401,
  "server/not-found": 404,
  "server/method": 405,
  "server/body-timeout": 408,
  "server/too-large": 413,
  "server/too-many-pictures": 413,
  "image/too-large": 413,
  "server/url-too-long": 414,
  "server/media-type": 415,
  "image/unsupported-format": 415,
  "image/unsupported": 415,
  "server/parameter": 422,
  "server/urls-off": 422,
  "server/url-refused": 422,
  "server/no-face": 422,
  "server/quota": 429,
  "server/client-gone": 499,
  "server/not-implemented": 501,
  "input/no-classifier": 501,
  "input/no-pooler": 501,
  "input/attribute-missing": 501,
  "server/url-failed": 502,
  "server/overloaded": 503,
  "server/draining": 503,
  "server/not-ready": 503,
  "server/worker-lost": 503,
  "server/deadline": 504,
  "server/url-timeout": 504,
};

/** Where no code says it: pictures and parameters are the client's, the engine is ours and may recover. */
const ROOM_STATUS: Readonly<Record<string, number>> = { image: 422, input: 422, engine: 503 };

/** Instead of texts that speak of this machine, or show what was sent. */
const PUBLIC_TEXT: Readonly<Record<string, string>> = {
  "image/unsupported-format": "The picture is of a format that is not read; JPEG, PNG, WebP and BMP are.",
};

/** Any failure as a problem. What nobody foresaw is a 500 that tells nothing. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof VitrailError))
    return { status: 500, code: "server/internal", message: "The server failed. The log says why." };
  const { code, details } = error;
  const status = STATUS[code] ?? ROOM_STATUS[code.split("/")[0]!] ?? 500;
  if (status === 500) return { status, code: "server/internal", message: "The server failed. The log says why." };
  const message = code.startsWith("engine/")
    ? "The engine failed. Send the request again."
    : (PUBLIC_TEXT[code] ?? error.message);
  if (status !== 503 && status !== 429) return { status, code, message };
  return { status, code, message, retryAfter: typeof details.retryAfter === "number" ? details.retryAfter : 1 };
}
