import type { IncomingMessage } from "node:http";
import { RequestError } from "../engine/request-error.ts";
import type { Admission } from "./admission.ts";
import { refusal } from "./failure.ts";

/** Bytes read and discarded after a body is refused, so that its client reads the response. */
const maxDropped = 256 << 20;

/** Reads and discards the rest of a refused body, up to a limit. */
export function dropRest(request: IncomingMessage): void {
  let dropped = 0;
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.byteLength;
    if (dropped > maxDropped) request.destroy();
  });
  request.on("error", () => {}); // its client has disconnected
  request.resume();
}

function tooLarge(limit: number): RequestError {
  return refusal(413, "request_too_large", `the body has more than ${limit} bytes, the most that this server takes`);
}

/** The bytes of a body, at most `limit`, and of all bodies together at most as many as `memory` admits. */
async function bytesOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/**
 * The JSON object of a request's body, of at most `limit` bytes. Throws `RequestError`: 413 for a larger one, 415 for a
 * compressed one, 429 if `memory` has no room now, 400 for anything but a JSON object in UTF-8.
 */
export async function readJson(
  request: IncomingMessage,
  limit: number,
  memory: Admission,
): Promise<Readonly<Record<string, unknown>>> {
  const stated = Number(request.headers["content-length"] ?? Number.NaN);
  if (stated > limit) throw tooLarge(limit);
  const coding = request.headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    throw refusal(
      415,
      "unsupported_encoding",
      `Content-Encoding is ${coding.slice(0, 40)}, which is not read: send the JSON itself`,
    );
  }
  using place = memory.enter(Number.isNaN(stated) ? limit : stated);
  if (!place) throw refusal(429, "server_busy", "too many requests are being read at once; try again in a moment");
  const bytes = await bytesOf(request, limit);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : "it is not UTF-8";
    throw new RequestError(`the body is not JSON: ${why}`, { code: "invalid_json", cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RequestError("the body is JSON, but not an object", { code: "invalid_json" });
  }
  return value as Readonly<Record<string, unknown>>;
}
