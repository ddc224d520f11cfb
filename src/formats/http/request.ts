import { onAbort, unlessAborted } from "../../options/abort.ts";
import { FormatError } from "../format-error.ts";
import { isExtensions } from "./address.ts";

/** No response, or one that ends early or is not what was requested: another attempt may succeed. */
export class ConnectionError extends FormatError {}

/** The function that makes requests: `fetch`, or one with its interface. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a source makes requests. */
export interface RequestRules {
  readonly fetch: Fetch;
  /** Milliseconds without a byte after which a request is abandoned; Infinity for none. */
  readonly idleTimeout: number;
}

/** A response whose body is read piece by piece, on demand. */
export interface Reply {
  readonly response: Response;
  /** The next bytes of the body; undefined at its end. Throws `ConnectionError` if the connection ends early. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Ends the request; the connection is closed unless the body was read to its end. */
  cancel(): void;
}

/** The longest delay of a timer; longer ones fire immediately. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Requests a file and waits for the headers.
 *
 * @param problem the message if the body ends early, from the bytes read so far.
 * @throws the signal's reason once it aborts, and `ConnectionError` without a response.
 */
export async function request(
  { fetch, idleTimeout }: RequestRules,
  file: string,
  url: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
  problem: (read: number) => string = () => "the connection ended before the file did",
): Promise<Reply> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const unlisten = onAbort(signal, (reason) => controller.abort(reason));
  const silent = () =>
    controller.abort(new ConnectionError(file, `the server sent nothing for ${idleTimeout / 1000} s: ${url}`));

  /** The promise's value; throws once the signal aborts or the time is over, even if `fetch` ignores the signal. */
  async function inTime<T>(promise: Promise<T>, failure: (cause: unknown) => FormatError): Promise<T> {
    const timer = idleTimeout > LONGEST_TIMER ? undefined : setTimeout(silent, idleTimeout);
    try {
      return await unlessAborted(promise, controller.signal);
    } catch (cause) {
      unlisten();
      controller.signal.throwIfAborted();
      controller.abort();
      throw cause instanceof FormatError ? cause : failure(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  // For an extension's files, Chromium returns a range without the headers of one, and reports a missing file like a
  // failed connection.
  const local = isExtensions(url);
  const asked = Promise.resolve().then(() => fetch(url, { ...(local ? {} : init), signal: controller.signal }));
  const answer = local ? asked.catch(() => new Response(null, { status: 404 })) : asked;
  const response = await inTime(answer, (cause) => {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    return new ConnectionError(file, `could not be fetched from ${url}: ${String(inner)}`, { cause });
  });
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  let read = 0;

  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    reader ??= response.body?.getReader();
    const { value } = reader
      ? await inTime(
          reader.read(),
          (cause) => new ConnectionError(file, `${problem(read)}: ${String(cause)}`, { cause }),
        )
      : {};
    if (value) read += value.byteLength;
    else unlisten();
    return value;
  }

  function cancel(): void {
    unlisten();
    const body = reader ?? response.body;
    body?.cancel().catch(() => undefined);
    controller.abort();
  }

  return { response, next, cancel };
}

/** Lets `count` requests run at a time, in order of arrival. A turn resolves to the function that ends it. */
export function turns(count: number): (signal: AbortSignal | undefined) => Promise<() => void> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (signal) => {
    signal?.throwIfAborted();
    if (free > 0) {
      free--;
    } else {
      await new Promise<void>((resolve, reject) => {
        const unlisten = onAbort(signal, (reason) => {
          waiting.splice(waiting.indexOf(go), 1);
          reject(reason);
        });
        function go(): void {
          unlisten();
          resolve();
        }
        waiting.push(go);
      });
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const next = waiting.shift();
      if (next) next();
      else free++;
    };
  };
}
