import { onAbort } from "../../options/abort.ts";
import { FormatError } from "../format-error.ts";
import { ConnectionError, type Reply, type RequestRules, request } from "../http/request.ts";

/** How requests to a hub, or any server whose files are cached, are made and repeated. */
export interface TransferRules extends RequestRules {
  /** Milliseconds before the second attempt; each further wait is twice as long. */
  readonly retryDelay: number;
  /** The only origin that receives the token. */
  readonly access?: { readonly origin: string; readonly token: string } | undefined;
}

/** A reply, and the headers of its redirect, where a hub describes its large files. */
export interface Transferred {
  readonly reply: Reply;
  /** From the first response with this header. */
  header(name: string): string | undefined;
}

/** Failed attempts in a row before giving up. */
const maxAttempts = 5;
/** The error after all attempts failed: callers do not try again. */
class SpentError extends ConnectionError {}
/** The longest wait between attempts, unless the server asks for a longer one, and the longest it may ask for. */
const [longestDelay, longestAskedFor] = [8000, 60_000];
const maxRedirects = 10;

/** Statuses after which the same request may succeed. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Waits; throws the signal's reason once it aborts. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unlisten();
      resolve();
    }, milliseconds);
    const unlisten = onAbort(signal, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}

/**
 * How long to wait before the attempt after `failures` that failed in a row: doubled each time, less a random part of
 * up to half.
 */
function delayAfter(failures: number, { retryDelay }: TransferRules): number {
  const longest = Math.min(longestDelay, retryDelay * 2 ** (failures - 1));
  return longest * (1 - Math.random() / 2);
}

/** The wait in milliseconds that a response asks for: seconds, or a date (RFC 9110, section 10.2.3). */
function askedWait({ headers }: Response): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(value)) return 1000 * Number(value);
  const date = value === "" ? Number.NaN : Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** A response that says to try again. */
class BusyError extends ConnectionError {
  /** Milliseconds that the server asks to wait. */
  readonly wait: number;

  constructor(file: string, problem: string, wait: number) {
    super(file, problem);
    this.wait = wait;
  }
}

/**
 * One attempt at a request: follows redirects, without the token if they lead to another origin.
 *
 * @throws ConnectionError if another attempt may succeed, also for a response that says so (429, 500, 503 and the
 * like); FormatError if the server asks to wait for more than a minute, and for invalid redirects; the signal's reason.
 */
export async function attempt(
  rules: TransferRules,
  file: string,
  url: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Transferred> {
  const transferred = await redirected(rules, file, url, init, signal);
  const { response, cancel } = transferred.reply;
  if (!passing.has(response.status)) return transferred;
  cancel();
  const wait = askedWait(response) ?? 0;
  if (wait > longestAskedFor) throw new FormatError(file, busy(response, wait));
  throw new BusyError(file, busy(response), wait);
}

/**
 * Runs attempts until one succeeds, with growing waits in between.
 *
 * @throws the fifth's error, and immediately any that is not a ConnectionError or that `run` has already retried.
 */
export async function repeated<T>(
  rules: TransferRules,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConnectionError) || error instanceof SpentError || signal?.aborted) throw error;
      if (failures >= maxAttempts) throw finalError(error);
      const wait = error instanceof BusyError ? error.wait : 0;
      await pause(Math.max(wait, delayAfter(failures, rules)), signal);
    }
  }
}

function finalError(error: ConnectionError): SpentError {
  const problem = error.message.slice(error.file.length + 2);
  return new SpentError(error.file, `${problem} (after ${maxAttempts} attempts)`, { cause: error });
}

/** The message for a response that says to try again. */
function busy({ status, url }: Response, wait?: number): string {
  const when = wait === undefined ? "" : ` and asks to wait ${Math.ceil(wait / 1000)} s`;
  const why = status === 429 ? "has had too many requests" : "does not serve it now";
  return `the server ${why} (HTTP ${status})${when}; try again later: ${url}`;
}

/** "follow" once redirects are known to be hidden, as in browsers. */
let redirect: RequestRedirect = "manual";

async function redirected(
  { access, ...rules }: TransferRules,
  file: string,
  from: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Transferred> {
  let url = from;
  const before: Headers[] = [];
  for (let hops = 0; hops <= maxRedirects; ) {
    const headers = new Headers(init.headers);
    if (access && new URL(url).origin === access.origin) headers.set("authorization", `Bearer ${access.token}`);
    const asked = { ...init, headers: Object.fromEntries(headers), redirect };
    const reply = await request(rules, file, url, asked, signal);
    const { response } = reply;
    if (response.type === "opaqueredirect") {
      // Browsers hide its target, and follow it without the token if that is another origin (Fetch, HTTP-redirect
      // fetch, step 13).
      reply.cancel();
      redirect = "follow";
      continue;
    }
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      const all = [...before, response.headers];
      return { reply, header: (name) => all.map((one) => one.get(name)).find((value) => value !== null) ?? undefined };
    }
    reply.cancel();
    before.push(response.headers);
    url = target(file, location, url);
    hops++;
  }
  throw new FormatError(file, `the server redirects more than ${maxRedirects} times: ${from}`);
}

/** The address that a redirect leads to. */
function target(file: string, location: string, from: string): string {
  const wasSecure = from.startsWith("https:");
  try {
    const { href, protocol } = new URL(location, from);
    if (protocol === "https:" || (protocol === "http:" && !wasSecure)) return href;
  } catch {
    // Reported below.
  }
  throw new FormatError(
    file,
    `the server redirects to ${location}, expected an ${wasSecure ? "https" : "http"} address`,
  );
}
