import { onAbort } from "../../options/abort.ts";
import { FormatError } from "../format-error.ts";
import { ConnectionError, type Reply, type RequestRules, request } from "../http-request.ts";

/** How requests to a hub, or to any server from which files are kept, are made and repeated. */
export interface TransferRules extends RequestRules {
  /** Milliseconds before the second attempt; each further wait is twice as long. */
  readonly retryDelay: number;
  /** Where the token goes, and nowhere else. */
  readonly access?: { readonly origin: string; readonly token: string } | undefined;
}

/** A reply, and the headers of the redirect that led to it: a hub describes its large files there. */
export interface Transferred {
  readonly reply: Reply;
  /** Of the first response with this header. */
  header(name: string): string | undefined;
}

/** Attempts in a row that may fail. */
const mostAttempts = 5;
/** What attempts in a row have failed at: who called does not try again. */
class SpentError extends ConnectionError {}
/** The longest wait between attempts, unless the server asks for a longer one, and the longest that it may ask for. */
const [longestDelay, longestAskedFor] = [8000, 60_000];
const mostRedirects = 10;

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

/** How long to wait before the attempt after `failures` that failed in a row: twice as long each time, less up to a half. */
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

/** An answer that says to try again. */
class BusyError extends ConnectionError {
  /** Milliseconds that the server asks to wait. */
  readonly wait: number;

  constructor(file: string, problem: string, wait: number) {
    super(file, problem);
    this.wait = wait;
  }
}

/**
 * One attempt at a request: follows redirects, without the token where they lead to another origin.
 *
 * @throws ConnectionError where another attempt may succeed, also for an answer that says so (429, 500, 503 and the
 * like); FormatError where the server asks to wait for more than a minute, and for redirects that lead nowhere; the
 * signal's reason.
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
 * Runs attempts until one succeeds, with a growing wait before each.
 *
 * @throws what the fifth throws, and at once what is not a ConnectionError, or what attempts within `run` have failed at.
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
      if (failures >= mostAttempts) throw finalError(error);
      const wait = error instanceof BusyError ? error.wait : 0;
      await pause(Math.max(wait, delayAfter(failures, rules)), signal);
    }
  }
}

function finalError(error: ConnectionError): SpentError {
  const problem = error.message.slice(error.file.length + 2);
  return new SpentError(error.file, `${problem} (after ${mostAttempts} attempts)`, { cause: error });
}

/** The message for a response that says to try again. */
function busy({ status, url }: Response, wait?: number): string {
  const when = wait === undefined ? "" : ` and asks to wait ${Math.ceil(wait / 1000)} s`;
  const why = status === 429 ? "has had too many requests" : "does not serve it now";
  return `the server ${why} (HTTP ${status})${when}; try again later: ${url}`;
}

/** "follow" once it is known that redirects are hidden, as they are in browsers. */
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
  for (let hops = 0; hops <= mostRedirects; ) {
    const headers = new Headers(init.headers);
    if (access && new URL(url).origin === access.origin) headers.set("authorization", `Bearer ${access.token}`);
    const asked = { ...init, headers: Object.fromEntries(headers), redirect };
    const reply = await request(rules, file, url, asked, signal);
    const { response } = reply;
    if (response.type === "opaqueredirect") {
      // Browsers hide where it leads, and follow it without the token where that is another origin (Fetch, HTTP-redirect
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
  throw new FormatError(file, `the server redirects more than ${mostRedirects} times: ${from}`);
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
