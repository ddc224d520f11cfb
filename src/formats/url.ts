import { FormatError } from "./format-error.ts";
import { bodyBytes, problemOf, totalOf, trustworthyLength } from "./http-answer.ts";
import { checkRange, checkRelative, type FileSource } from "./source.ts";

/** Options of {@link openUrl}. */
export interface OpenUrlOptions {
  /** Replaces the global `fetch`, e.g. to send headers or to respond from a cache. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** What the first response about a file showed. */
interface Probe {
  /** Why the file does not exist, or undefined where it does. */
  readonly absent?: string;
  /** Whether the server supports range requests. */
  readonly ranges: boolean;
  /** The file's size in bytes, where the response states it reliably. */
  readonly size?: number;
}

/** Caches the promise of `make` for each key; one that rejects is dropped, so that the next call tries again. */
function remembered<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (key) => {
    const old = kept.get(key);
    if (old) return old;
    const promise = make(key);
    kept.set(key, promise);
    promise.catch(() => kept.delete(key));
    return promise;
  };
}

function changed(file: string, before: number, now: number): FormatError {
  return new FormatError(file, `has ${now} bytes now, but had ${before}: it changed while it was read`);
}

/** The absolute URL: relative ones are resolved against the page. */
function absolute(baseUrl: string): URL {
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  try {
    const url = new URL(baseUrl, page);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch {
    // Reported below, with the protocols accepted.
  }
  throw new FormatError(baseUrl, "is not an http or https address");
}

/**
 * A folder on a web server, read with HTTP range requests (RFC 9110, section 14); redirects are followed.
 *
 * From a server that ignores ranges a file is fetched whole, once, and kept as a `Blob`, which browsers may hold on
 * disk. An HTML page in response to a request for another kind of file counts as a missing file: servers of single-page
 * applications send one for every unknown path.
 *
 * @param baseUrl the folder; a query string is sent with every file.
 * @throws FormatError for a URL that is not http or https; the source's functions throw it for error responses.
 */
export function openUrl(baseUrl: string, options: OpenUrlOptions = {}): FileSource {
  const base = absolute(baseUrl);
  const fetchUrl = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));

  async function request(file: string, init: RequestInit): Promise<Response> {
    checkRelative(file);
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, "")}/${file.split("/").map(encodeURIComponent).join("/")}`;
    try {
      return await fetchUrl(url.href, init);
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      throw new FormatError(file, `could not be fetched from ${url.href}: ${String(inner)}`, { cause });
    }
  }

  const withRange = (first: number, last: number) => ({ headers: { range: `bytes=${first}-${last}` } });

  const probe = remembered(async (file: string): Promise<Probe> => {
    const response = await request(file, withRange(0, 0));
    const { status, headers } = response;
    const type = headers.get("content-type") ?? "";
    await response.body?.cancel();
    if (status === 404 || status === 410) return { absent: `there is no such file (HTTP ${status})`, ranges: false };
    if (status !== 416 && !response.ok) throw new FormatError(file, problemOf(response));
    if (type.startsWith("text/html") && !/\.html?$/.test(file)) {
      return { absent: "there is no such file: the server answers with an HTML page", ranges: false };
    }
    // 416 is the response to a request for the first byte of an empty file.
    const ranges = status === 206 || status === 416;
    const size = ranges ? totalOf(headers) : trustworthyLength(response);
    return size === undefined ? { ranges } : { ranges, size };
  });

  /** A file's probe; throws where the file does not exist. */
  async function present(file: string): Promise<Probe> {
    const found = await probe(file);
    if (found.absent !== undefined) throw new FormatError(file, `${found.absent} in ${baseUrl}`);
    return found;
  }

  const whole = remembered(async (file: string): Promise<Blob> => {
    const response = await request(file, {});
    if (!response.ok) throw new FormatError(file, problemOf(response));
    const expected = trustworthyLength(response);
    const blob = await response.blob().catch((cause: unknown) => {
      throw new FormatError(file, `the connection ended before the file did: ${String(cause)}`, { cause });
    });
    if (expected !== undefined && blob.size !== expected) {
      throw new FormatError(file, `the server sent ${blob.size} of ${expected} bytes`);
    }
    return blob;
  });

  const sizeOf = remembered(async (file: string): Promise<number> => {
    const found = await present(file);
    if (found.size !== undefined) return found.size;
    if (!found.ranges) return (await whole(file)).size;
    // The total of a range is hidden from pages of another origin unless the server exposes it; the length is not.
    const response = await request(file, { method: "HEAD" });
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    if (response.ok && Number.isSafeInteger(length)) return length;
    throw new FormatError(file, "the server reports the file's size neither with a range nor with HEAD");
  });

  async function read(file: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const size = await sizeOf(file);
    checkRange(file, begin, end, size);
    if (begin === end) return new Uint8Array(0);
    if ((await present(file)).ranges) {
      const response = await request(file, withRange(begin, end - 1));
      if (response.status === 206) {
        const total = totalOf(response.headers) ?? size;
        if (total === size) return bodyBytes(response, file, begin, end);
        await response.body?.cancel();
        throw changed(file, size, total);
      }
      await response.body?.cancel();
      if (!response.ok) throw new FormatError(file, problemOf(response));
    }
    const blob = await whole(file);
    if (blob.size !== size) throw changed(file, size, blob.size);
    return new Uint8Array(await blob.slice(begin, end).arrayBuffer());
  }

  return {
    name: baseUrl,
    has: async (file) => (await probe(file)).absent === undefined,
    size: sizeOf,
    read,
  };
}
