import { FormatError } from "../format-error.ts";
import { tooLarge } from "../source.ts";
import { ConnectionError, type Reply } from "./request.ts";

/** The message for a response that is neither success nor absence, with its URL. */
export function problemOf(response: Response): string {
  const reason = response.statusText === "" ? "" : ` ${response.statusText}`;
  return `the server answered HTTP ${response.status}${reason} for ${response.url}`;
}

/**
 * The reason if a response means that there is no such file, else undefined. An HTML page in place of another kind of
 * file counts, since servers of single-page applications send one for every unknown path.
 */
export function absenceOf({ status, headers }: Response, file: string): string | undefined {
  if (status === 404 || status === 410) return `there is no such file (HTTP ${status})`;
  const isPage = (headers.get("content-type") ?? "").startsWith("text/html") && !/\.html?$/.test(file);
  return isPage && status < 300 ? "there is no such file: the server answers with an HTML page" : undefined;
}

/** The parts of a `Content-Range: bytes 0-9/100` header that are present and well-formed. */
export function contentRange(headers: Headers): { first?: number; total?: number } {
  const match = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(?:(\d{1,15})|\*)$/.exec(
    headers.get("content-range")?.trim() ?? "",
  );
  return {
    ...(match?.[1] === undefined ? {} : { first: Number(match[1]) }),
    ...(match?.[2] === undefined ? {} : { total: Number(match[2]) }),
  };
}

/** The size of the whole file of a range, or undefined if the server does not report it. */
export function totalOf(headers: Headers): number | undefined {
  return contentRange(headers).total;
}

/**
 * The length of the body, or undefined if the header is missing or may count compressed bytes: `Content-Encoding` is
 * hidden from pages of another origin.
 */
export function trustworthyLength(response: Response): number | undefined {
  const length = response.headers.get("content-length");
  const encoding = response.headers.get("content-encoding") ?? "identity";
  if (length === null || !/^\d{1,15}$/.test(length) || encoding !== "identity" || response.type === "cors") {
    return undefined;
  }
  return Number(length);
}

/**
 * Reads the body of a 206 response to the range `[begin, end)` into one buffer of that size, or a smaller one if the
 * file ends earlier and `end` may lie beyond its end.
 *
 * @throws ConnectionError if the response is for another range, or its body is shorter or longer.
 */
export async function rangeBytes(
  reply: Reply,
  file: string,
  begin: number,
  end: number,
  beyond: "may end earlier" | "inside" = "inside",
): Promise<Uint8Array<ArrayBuffer>> {
  const { first = begin, total } = contentRange(reply.response.headers);
  const last = beyond === "inside" ? end : Math.min(end, total ?? end);
  const bytes = new Uint8Array(last - begin);
  const asked = `bytes ${begin} to ${last}`;
  let filled = 0;
  let problem = first === begin ? undefined : `the server answered with a range from byte ${first}`;
  while (problem === undefined) {
    const value = await reply.next();
    if (!value) break;
    if (filled + value.length > bytes.length) {
      problem = "the server sent more";
    } else {
      bytes.set(value, filled);
      filled += value.length;
    }
  }
  if (problem !== undefined) throw new ConnectionError(file, `${asked} were asked for: ${problem}`);
  if (filled === bytes.length) return bytes;
  if (beyond !== "inside" && total === undefined) return bytes.slice(0, filled);
  throw new ConnectionError(file, `the server sent ${filled} bytes of ${asked}`);
}

/**
 * Reads a whole body of at most `limit` bytes.
 *
 * @throws FormatError for a body that is larger, or not as long as the response states.
 */
export async function wholeBytes(reply: Reply, file: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const stated = trustworthyLength(reply.response);
  if (stated !== undefined && stated > limit) throw tooLarge(file, limit, stated);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let read = 0;
  for (let chunk = await reply.next(); chunk; chunk = await reply.next()) {
    read += chunk.length;
    if (read > (stated ?? limit)) throw stated === undefined ? tooLarge(file, limit) : longerThanStated(file, stated);
    chunks.push(chunk);
  }
  if (read < (stated ?? read)) throw new ConnectionError(file, `the server sent ${read} of ${stated} bytes`);
  const bytes = new Uint8Array(read);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The error for a body that is longer than its headers state. */
export function longerThanStated(file: string, stated: number): FormatError {
  return new FormatError(file, `the server sent more than the ${stated} bytes that it stated`);
}
