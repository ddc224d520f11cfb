import { onAbort, unlessAborted } from "../../options/abort.ts";
import {
  type Check,
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  text,
} from "../../options/checks.ts";
import { FormatError } from "../format-error.ts";
import { checkRange, checkRelative, type FileHead, type FileSource, type ReadOptions } from "../source.ts";
import { addressIn, addressOf } from "./address.ts";
import { absenceOf, problemOf, rangeBytes, totalOf, trustworthyLength, wholeBytes } from "./answer.ts";
import { type KeptBody, keptBody } from "./kept-body.ts";
import { type Fetch, type Reply, type RequestRules, request, turns } from "./request.ts";

/** Options of {@link openUrl}. */
export interface OpenUrlOptions {
  /** Replaces the global `fetch`, e.g. to send headers or to respond from a cache. */
  readonly fetch?: Fetch | undefined;
  /**
   * Milliseconds without a byte after which a request is abandoned, before the headers or within the body; default 30
   * 000, Infinity for none. For a limit on the whole request pass `AbortSignal.timeout` as signal.
   */
  readonly idleTimeout?: number | undefined;
  /**
   * Maximum bytes buffered of a file from a server without ranges, where they arrive before they are needed or the
   * length is not stated; default 2 GiB. More is an error.
   */
  readonly maxBufferedBytes?: number | undefined;
}

const defaultIdleTimeout = 30_000;
const defaultMaxBuffered = 2 ** 31;
/** Concurrent requests. */
const requestsAtATime = 4;

/** A time within the range of timers. */
export const duration: Check = (value) =>
  typeof value === "number" && value > 0 && (value < 2 ** 31 || value === Number.POSITIVE_INFINITY)
    ? undefined
    : "milliseconds above 0 and below 2³¹, or Infinity";
const fields = fieldsOf<OpenUrlOptions>({ fetch: callback, idleTimeout: duration, maxBufferedBytes: integer(1) });

/** What the first response for a file showed. */
interface Probe {
  /** Why the file does not exist, or undefined if it does. */
  readonly absent?: string;
  /** Whether the server supports range requests. */
  readonly ranges: boolean;
  /** The file's size in bytes, if the response states it reliably. */
  readonly size?: number;
}

/** Results by file, each computed once. */
interface Remembered<T> {
  (file: string, signal: AbortSignal | undefined): Promise<T>;
  readonly set: (file: string, value: T) => void;
  readonly forget: (file: string) => void;
}

/**
 * Keeps the promise of `make` for each file. A rejected one is dropped, so that the next call tries again; so do calls
 * waiting for one that another call's signal aborted.
 */
function remembered<T>(make: (file: string, signal: AbortSignal | undefined) => Promise<T>): Remembered<T> {
  const kept = new Map<string, { promise: Promise<T>; signal: AbortSignal | undefined }>();
  async function get(file: string, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      const known = kept.get(file);
      const entry = known ?? { promise: make(file, signal), signal };
      if (!known) {
        kept.set(file, entry);
        entry.promise.catch(() => kept.get(file) === entry && kept.delete(file));
      }
      try {
        return await unlessAborted(entry.promise, signal);
      } catch (error) {
        if (!known || signal?.aborted || !entry.signal?.aborted) throw error;
      }
    }
  }
  return Object.assign(get, {
    set: (file: string, value: T) => void kept.set(file, { promise: Promise.resolve(value), signal: undefined }),
    forget: (file: string) => void kept.delete(file),
  });
}

function changed(file: string, before: number, now: number): FormatError {
  return new FormatError(file, `has ${now} bytes now, but had ${before}: it changed while it was read`);
}

/**
 * A folder on a web server, read with HTTP range requests (RFC 9110, section 14); redirects are followed. At most four
 * requests run at a time.
 *
 * Servers that ignore ranges send whole files. What arrives before it is needed is kept as a `Blob`, which browsers may
 * hold on disk. An HTML page in place of another kind of file counts as a missing file: servers of single-page
 * applications send one for every unknown path.
 *
 * @param base the folder, in a page also a relative address; a query string is sent with every file.
 * @throws FormatError for an address other than http, https or, in a page, an extension's; the source's functions throw
 * it for error responses.
 */
export function openUrl(base: string | URL, options: OpenUrlOptions = {}): FileSource {
  checkOptions("openUrl", fields, options);
  checkValue("openUrl", "base", either(text, having("href", "a URL")), base);
  const folder = addressOf(base);
  const name = String(base);
  const { maxBufferedBytes = defaultMaxBuffered } = options;
  const rules: RequestRules = {
    fetch: options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init)),
    idleTimeout: options.idleTimeout ?? defaultIdleTimeout,
  };
  const turn = turns(requestsAtATime);

  /** Runs `use` with the response to a request, four at a time; the request is cancelled if it throws. */
  async function requested<T>(
    file: string,
    signal: AbortSignal | undefined,
    init: RequestInit,
    use: (reply: Reply) => T | Promise<T>,
    problem?: (read: number) => string,
  ): Promise<T> {
    checkRelative(file);
    const url = addressIn(folder, file);
    const end = await turn(signal);
    try {
      const reply = await request(rules, file, url, init, signal, problem);
      try {
        return await use(reply);
      } catch (error) {
        reply.cancel();
        throw error;
      }
    } finally {
      end();
    }
  }

  const withRange = (first: number, last: number) => ({ headers: { range: `bytes=${first}-${last}` } });

  /** What the response to a range request shows; throws for an error. */
  function probeOf(file: string, response: Response): Probe {
    const absent = absenceOf(response, file);
    if (absent !== undefined) return { absent, ranges: false };
    // 416 is the response to a request for the first byte of an empty file.
    const ranges = response.status === 206 || response.status === 416;
    if (!response.ok && !ranges) throw new FormatError(file, problemOf(response));
    const size = ranges ? totalOf(response.headers) : trustworthyLength(response);
    return size === undefined ? { ranges } : { ranges, size };
  }

  const probe = remembered((file, signal) =>
    requested(file, signal, withRange(0, 0), (reply) => {
      reply.cancel();
      return probeOf(file, reply.response);
    }),
  );

  /** A file's probe; throws if the file does not exist. */
  async function present(file: string, signal: AbortSignal | undefined): Promise<Probe> {
    const found = await probe(file, signal);
    if (found.absent !== undefined) throw new FormatError(file, `${found.absent} in ${name}`);
    return found;
  }

  /** The body of a whole file; dropped when the signal of its request aborts. */
  const body = remembered((file, signal) =>
    requested(file, signal, {}, (reply) => {
      if (!reply.response.ok) throw new FormatError(file, problemOf(reply.response));
      return kept(file, reply, signal);
    }),
  );

  function kept(file: string, reply: Reply, signal: AbortSignal | undefined) {
    onAbort(signal, () => body.forget(file));
    return { signal, ...keptBody(reply, file, trustworthyLength(reply.response), maxBufferedBytes) };
  }

  const sizes = new Map<string, number>();

  async function size(file: string, { signal, limit = Infinity }: ReadOptions & { limit?: number } = {}) {
    const known = sizes.get(file) ?? (await measured(file, signal, limit));
    sizes.set(file, known);
    return known;
  }

  async function measured(file: string, signal: AbortSignal | undefined, limit: number): Promise<number> {
    const found = await present(file, signal);
    if (found.size !== undefined) return found.size;
    if (!found.ranges) return fromBody(file, signal, (whole) => whole.measure(limit));
    // The total of a range is hidden from pages of another origin unless the server exposes it; the length is not.
    return requested(file, signal, { method: "HEAD" }, ({ response, cancel }) => {
      cancel();
      const length = Number(response.headers.get("content-length") ?? Number.NaN);
      if (response.ok && Number.isSafeInteger(length)) return length;
      throw new FormatError(file, "the server reports the file's size neither with a range nor with HEAD");
    });
  }

  /** Runs `use` on a file's body, which is requested again if bytes it needs were dropped. */
  async function fromBody<T>(
    file: string,
    signal: AbortSignal | undefined,
    use: (whole: KeptBody) => Promise<T | undefined>,
  ): Promise<T> {
    for (;;) {
      const whole = await body(file, signal);
      try {
        const result = await use(whole);
        if (result !== undefined) return result;
        body.forget(file);
      } catch (error) {
        body.forget(file);
        // Another call's signal may have ended the request.
        if (whole.signal === signal || !whole.signal?.aborted) throw error;
      }
    }
  }

  async function read(
    file: string,
    begin: number,
    end: number,
    { signal, once = false }: ReadOptions & { once?: boolean } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const total = await size(file, { signal });
    checkRange(file, begin, end, total);
    if (begin === end) return new Uint8Array(0);
    if ((await present(file, signal)).ranges) {
      const cut = (filled: number) => `the connection ended after ${filled} bytes of bytes ${begin} to ${end}`;
      const bytes = await requested(
        file,
        signal,
        withRange(begin, end - 1),
        (reply) => {
          const { status, ok, headers } = reply.response;
          const now = totalOf(headers) ?? total;
          if (status === 206 && now === total) return rangeBytes(reply, file, begin, end);
          if (status === 206) throw changed(file, total, now);
          if (!ok) throw new FormatError(file, problemOf(reply.response));
          reply.cancel();
          return undefined; // the server no longer supports ranges
        },
        cut,
      );
      if (bytes) return bytes;
    }
    return fromBody(file, signal, (whole) => {
      const now = whole.size() ?? total;
      if (now !== total) throw changed(file, total, now);
      return whole.read(begin, end, once);
    });
  }

  function readWhole(file: string, limit: number, { signal }: ReadOptions = {}) {
    return requested(file, signal, {}, async (reply) => {
      const absent = absenceOf(reply.response, file);
      if (absent === undefined && reply.response.ok) return wholeBytes(reply, file, limit);
      if (absent === undefined) throw new FormatError(file, problemOf(reply.response));
      reply.cancel();
      probe.set(file, { absent, ranges: false });
      return undefined;
    });
  }

  async function readHead(file: string, count: number, { signal }: ReadOptions = {}): Promise<FileHead | undefined> {
    const { found, bytes, whole } = await requested(file, signal, withRange(0, count - 1), async (reply) => {
      const found = probeOf(file, reply.response);
      const { status } = reply.response;
      if (status === 206) return { found, bytes: await rangeBytes(reply, file, 0, count, "may end earlier") };
      if (found.absent === undefined && status !== 416) return { found, whole: kept(file, reply, signal) };
      reply.cancel();
      return { found, bytes: new Uint8Array(0) };
    });
    probe.set(file, found);
    if (found.absent !== undefined) return undefined;
    if (whole) {
      body.set(file, whole);
      return { bytes: await whole.head(count), size: whole.size() };
    }
    if (bytes.length < count) sizes.set(file, bytes.length);
    return { bytes, size: await size(file, { signal }) };
  }

  const has = async (file: string, { signal }: ReadOptions = {}) => (await probe(file, signal)).absent === undefined;

  return { name, has, size, read, readWhole, readHead };
}
