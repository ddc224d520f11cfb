import { FormatError } from "./format-error.ts";

/** The message for a response that is neither success nor absence, with its URL. */
export function problemOf(response: Response): string {
  const reason = response.statusText === "" ? "" : ` ${response.statusText}`;
  return `the server answered HTTP ${response.status}${reason} for ${response.url}`;
}

/** The parts of a `Content-Range: bytes 0-9/100` header that are present and well-formed. */
function contentRange(headers: Headers): { first?: number; total?: number } {
  const match = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(?:(\d{1,15})|\*)$/.exec(
    headers.get("content-range")?.trim() ?? "",
  );
  return {
    ...(match?.[1] === undefined ? {} : { first: Number(match[1]) }),
    ...(match?.[2] === undefined ? {} : { total: Number(match[2]) }),
  };
}

/** The size of the whole file that a range belongs to, or undefined where the server does not report it. */
export function totalOf(headers: Headers): number | undefined {
  return contentRange(headers).total;
}

/**
 * The length of the body, or undefined where the header is missing or may count compressed bytes: `Content-Encoding`
 * is hidden from pages of another origin.
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
 * Reads the body of a 206 response to the range `[begin, end)` into one buffer of exactly that size.
 *
 * @throws FormatError if the response is for another range, or its body is shorter or longer.
 */
export async function bodyBytes(
  response: Response,
  file: string,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - begin);
  const asked = `bytes ${begin} to ${end}`;
  const first = contentRange(response.headers).first ?? begin;
  const reader = response.body?.getReader();
  let filled = 0;
  let problem = first === begin ? undefined : `the server answered with a range from byte ${first}`;
  while (reader && problem === undefined) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new FormatError(file, `the connection ended after ${filled} bytes of ${asked}: ${String(cause)}`, {
        cause,
      });
    });
    if (done) break;
    if (filled + value.length > bytes.length) {
      problem = "the server sent more";
    } else {
      bytes.set(value, filled);
      filled += value.length;
    }
  }
  if (problem !== undefined) {
    await reader?.cancel();
    throw new FormatError(file, `${asked} were asked for: ${problem}`);
  }
  if (filled < bytes.length) {
    throw new FormatError(file, `the server sent ${filled} bytes of ${asked}`);
  }
  return bytes;
}
