import { FormatError } from "../format-error.ts";
import { absenceOf, contentRange, trustworthyLength, wholeBytes } from "../http/answer.ts";
import { ConnectionError } from "../http/request.ts";
import { tooLarge } from "../source.ts";
import type { ListedFile } from "./listing.ts";
import { attempt, repeated, type TransferRules, type Transferred } from "./transfer.ts";

/** What is known about a file on a server. */
export interface RemoteFile extends ListedFile {
  /** Identifies the version: an ETag, a date, or the commit. */
  readonly validator?: string | undefined;
  /** True if the cached file counts as this one although the server states no version. */
  readonly same?: boolean | undefined;
}

/** A folder of a server whose files are cached. */
export interface Remote {
  /** Its name in the cache. */
  readonly id: string;
  /** For messages. */
  readonly name: string;
  readonly rules: TransferRules;
  /** True where ETags of 64 hexadecimal digits are SHA-256 digests, as on a hub. */
  readonly hashes: boolean;
  urlOf(file: string): string;
  /**
   * What is known about a file, or undefined. Throws ConnectionError if the server does not answer;
   * with `once`, after one attempt.
   */
  look(file: string, signal: AbortSignal | undefined, once?: boolean): Promise<RemoteFile | undefined>;
  /** The error for a response that is neither success nor a redirect. */
  refused(file: string, response: Response): FormatError | Promise<FormatError>;
}

/** A file that changed on the server while it was read. */
export class ChangedError extends FormatError {}

/** What is known about a file: arriving responses are compared with it and add to it. */
export interface Known {
  size?: number | undefined;
  validator?: string | undefined;
  sha256?: string | undefined;
  gitSha1?: string | undefined;
  /** False if the server ignores ranges. */
  ranges?: boolean;
}

/** What a response says about the whole file. */
export function described({ reply: { response }, header }: Transferred, hashes: boolean): Known {
  const etag = (header("x-linked-etag") ?? header("etag"))?.replace(/^W\//, "");
  const digest = /^"?([0-9a-f]{64})"?$/.exec(etag ?? "")?.[1];
  const linked = /^\d{1,15}$/.exec(header("x-linked-size") ?? "")?.[0];
  const { total } = contentRange(response.headers);
  const whole = response.status === 200 ? trustworthyLength(response) : undefined;
  const size = (linked === undefined ? undefined : Number(linked)) ?? total ?? whole;
  return { size, validator: etag ?? header("last-modified"), ...(hashes && digest ? { sha256: digest } : {}) };
}

/** Compares what is known with a response, and adds to it. Throws ChangedError if they differ. */
function compare(file: string, known: Known, found: Known): void {
  if (known.size !== undefined && found.size !== undefined && known.size !== found.size) {
    throw new ChangedError(file, `has ${found.size} bytes on the server, expected ${known.size}`);
  }
  if (known.sha256 !== undefined && found.sha256 !== undefined && known.sha256 !== found.sha256) {
    throw new ChangedError(file, "has another SHA-256 on the server than expected");
  }
  // A file with a known digest is compared by that.
  const digested = known.sha256 !== undefined || known.gitSha1 !== undefined;
  if (
    !digested &&
    known.validator !== undefined &&
    found.validator !== undefined &&
    known.validator !== found.validator
  ) {
    throw new ChangedError(file, "changed on the server while it was read");
  }
  known.size ??= found.size;
  known.sha256 ??= found.sha256;
  if (!digested) known.validator ??= found.validator;
}

/**
 * The bytes of a file from `begin` on, to `end` or its end. After a failed connection it continues with another
 * request; if the server ignores ranges, bytes received before are received again and dropped.
 *
 * @throws ChangedError if the server's file is another version; ConnectionError after five attempts without progress.
 */
export async function* received(
  remote: Remote,
  file: string,
  known: Known,
  { begin, end }: { readonly begin: number; readonly end?: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let at = begin;
  // Chunks are passed on one at a time, so that no more is received than consumed.
  let open: { next(): Promise<Uint8Array<ArrayBuffer> | undefined>; cancel(): void } | undefined;
  /** Its end, if known. */
  const target = () => {
    const least = Math.min(end ?? Number.POSITIVE_INFINITY, known.size ?? Number.POSITIVE_INFINITY);
    return least === Number.POSITIVE_INFINITY ? undefined : least;
  };

  async function start(): Promise<NonNullable<typeof open>> {
    const range = `bytes=${at}-${end === undefined ? "" : end - 1}`;
    // The browser's HTTP cache would store the bytes twice, and replace a damaged segment by a damaged one.
    const init: RequestInit = { headers: { range }, cache: "no-store" };
    const transferred = await attempt(remote.rules, file, remote.urlOf(file), init, signal);
    const { reply } = transferred;
    try {
      let skip = await checked(remote, file, known, at, transferred);
      const next = async () => {
        for (;;) {
          const chunk = await reply.next();
          if (!chunk || chunk.length > skip) {
            const rest = chunk?.subarray(skip);
            skip = 0;
            return rest;
          }
          skip -= chunk.length;
        }
      };
      return { next, cancel: reply.cancel };
    } catch (error) {
      reply.cancel();
      throw error;
    }
  }

  try {
    for (;;) {
      if (at === target()) return;
      const chunk = await repeated(remote.rules, signal, async () => {
        open ??= await start();
        try {
          const chunk = await open.next();
          if (!chunk && known.size !== undefined && at < (target() ?? at)) {
            throw new ConnectionError(file, `the server sent ${at} of ${target()} bytes`);
          }
          return chunk;
        } catch (error) {
          open?.cancel();
          open = undefined;
          throw error;
        }
      });
      if (!chunk) {
        known.size ??= at;
        return;
      }
      const most = target() ?? Number.POSITIVE_INFINITY;
      if (at + chunk.length > most) {
        if (known.size === most && end === undefined)
          throw new ChangedError(file, `the server sent more than its ${most} bytes`);
        yield chunk.subarray(0, most - at);
        at = most;
        return;
      }
      at += chunk.length;
      yield chunk;
    }
  } finally {
    open?.cancel();
  }
}

/** Checks a response to a request for the bytes from `at` on; returns how many earlier bytes it begins with. */
async function checked(
  remote: Remote,
  file: string,
  known: Known,
  at: number,
  transferred: Transferred,
): Promise<number> {
  const { response } = transferred.reply;
  const { status, headers } = response;
  if (status === 416) {
    const { total } = contentRange(headers);
    compare(file, known, { size: total ?? (at === 0 ? 0 : undefined) });
    if (at === 0 && known.size === 0) return 0;
    throw new ConnectionError(file, `the server has no bytes from ${at} on (HTTP 416)`);
  }
  const absent = absenceOf(response, file);
  if (absent !== undefined && response.ok) throw new FormatError(file, `${absent} at ${response.url}`);
  if (!response.ok) throw await remote.refused(file, response);
  compare(file, known, described(transferred, remote.hashes));
  known.ranges = status === 206;
  if (status !== 206) return at;
  const { first = at } = contentRange(headers);
  if (first !== at) {
    throw new ConnectionError(
      file,
      `bytes from ${at} on were asked for: the server answered with a range from ${first}`,
    );
  }
  return 0;
}

/** The bytes `[begin, end)` of a file, or fewer if it ends before. Throws as `received` does. */
export async function receivedRange(
  remote: Remote,
  file: string,
  known: Known,
  begin: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - begin);
  let filled = 0;
  for await (const chunk of received(remote, file, known, { begin, end }, signal)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return filled === bytes.length ? bytes : bytes.slice(0, filled);
}

/**
 * A whole file of at most `limit` bytes, and what its response says about it, or undefined. If the
 * connection fails within the body, the next attempt continues from there, as `received` does.
 */
export async function receivedWhole(
  remote: Remote,
  file: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; found: Known } | undefined> {
  let begun: Known | undefined;
  return await repeated(remote.rules, signal, async () => {
    if (begun) return await receivedOn(remote, file, begun, limit, signal);
    const transferred = await attempt(remote.rules, file, remote.urlOf(file), {}, signal);
    const { reply } = transferred;
    try {
      const { response } = reply;
      const { status } = response;
      const absent = absenceOf(response, file);
      if (absent !== undefined && !remote.hashes) return undefined;
      if (absent !== undefined && response.ok) throw new FormatError(file, `${absent} at ${response.url}`);
      if (!response.ok) throw await remote.refused(file, response);
      if (status === 206)
        throw new ConnectionError(file, "the whole file was asked for: the server answered with a range");
      const found = described(transferred, remote.hashes);
      if (found.size !== undefined && found.size > limit) throw tooLarge(file, limit, found.size);
      begun = { validator: found.validator };
      const bytes = await wholeBytes(reply, file, limit);
      if (bytes.length !== (found.size ?? bytes.length)) {
        throw new ConnectionError(file, `the server sent ${bytes.length} of ${found.size} bytes`);
      }
      return { bytes, found: { ...found, size: bytes.length } };
    } finally {
      reply.cancel();
    }
  });
}

/** A whole file, in as many requests as needed. */
async function receivedOn(remote: Remote, file: string, found: Known, limit: number, signal: AbortSignal | undefined) {
  const chunks = received(remote, file, found, { begin: 0 }, signal);
  const next = async () => (await chunks.next()).value ?? undefined;
  try {
    const bytes = await wholeBytes({ response: new Response(), next, cancel: () => {} }, file, limit);
    return { bytes, found: { ...found, size: bytes.length } };
  } finally {
    await chunks.return(undefined);
  }
}
