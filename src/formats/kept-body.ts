import { FormatError } from "./format-error.ts";
import { longerThanStated } from "./http-answer.ts";
import type { Reply } from "./http-request.ts";

/** The body of a whole file, of which any bytes can be read while it arrives. */
export interface KeptBody {
  /** The file's size, where the response states it or the body has ended. */
  size(): number | undefined;
  /**
   * The bytes `[begin, end)`, or undefined where some were dropped. With `once` they are dropped when they are read.
   *
   * @throws FormatError where the body ends before them.
   */
  read(begin: number, end: number, once: boolean): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The first bytes of the file, at most `count`. */
  head(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads on to the end, which has to come after at most `limit` bytes, and returns the size. */
  measure(limit: number): Promise<number>;
}

/** Bytes of the file from `begin` on. */
interface Segment {
  readonly begin: number;
  readonly end: number;
  readonly blob: Blob;
}

/** Bytes that are gathered before they become a Blob, which browsers may hold on disk. */
const segmentBytes = 1 << 20;

/**
 * Keeps what a server without ranges sends: bytes are taken from the connection no further than they are asked for, and
 * kept until they are dropped, at most `mostKept` at a time.
 */
export function keptBody(reply: Reply, file: string, stated: number | undefined, mostKept: number): KeptBody {
  const segments: Segment[] = [];
  let arriving: Uint8Array<ArrayBuffer>[] = [];
  let flushed = 0;
  let reached = 0;
  let kept = 0;
  let ended = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** Runs `work` after what was asked for before. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  function flush(): void {
    if (reached > flushed) segments.push({ begin: flushed, end: reached, blob: new Blob(arriving) });
    flushed = reached;
    arriving = [];
  }

  /** Receives until byte `to` or the end of the body. */
  async function receive(to: number): Promise<void> {
    while (reached < to && !ended) {
      const chunk = await reply.next();
      if (!chunk) {
        ended = true;
        if (reached < (stated ?? reached)) {
          throw new FormatError(file, `the server sent ${reached} of ${stated} bytes`);
        }
        return;
      }
      reached += chunk.length;
      kept += chunk.length;
      if (reached > (stated ?? reached)) fail(longerThanStated(file, stated ?? 0));
      if (kept > mostKept) {
        const why = "since the server does not support ranges";
        fail(new FormatError(file, `more than ${mostKept} bytes of it would have to be kept, ${why}`));
      }
      arriving.push(chunk);
      if (reached - flushed >= segmentBytes) flush();
    }
  }

  function fail(error: FormatError): never {
    reply.cancel();
    throw error;
  }

  /** Removes the bytes `[begin, end)` from what is kept. */
  function drop(begin: number, end: number): void {
    const rest = segments.splice(0).flatMap((segment) => {
      if (segment.end <= begin || segment.begin >= end) return [segment];
      const parts = [
        { begin: segment.begin, end: begin },
        { begin: end, end: segment.end },
      ].filter((part) => part.begin < part.end);
      return parts.map((part) => ({
        ...part,
        blob: segment.blob.slice(part.begin - segment.begin, part.end - segment.begin),
      }));
    });
    segments.push(...rest);
    kept -= end - begin;
  }

  /** The bytes `[begin, end)` without those that were dropped. */
  async function collect(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    flush();
    const parts = segments
      .filter((segment) => segment.end > begin && segment.begin < end)
      .map(({ blob, begin: from }) => blob.slice(Math.max(0, begin - from), end - from));
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  return {
    size: () => stated ?? (ended ? reached : undefined),
    read: (begin, end, once) =>
      inTurn(async () => {
        await receive(end);
        if (end > reached) {
          throw new FormatError(file, `has ${reached} bytes, but bytes ${begin} to ${end} were asked for`);
        }
        const bytes = await collect(begin, end);
        if (bytes.length < end - begin) return undefined;
        if (once) drop(begin, end);
        return bytes;
      }),
    head: (count) =>
      inTurn(async () => {
        await receive(count);
        return collect(0, Math.min(count, reached));
      }),
    measure: (limit) =>
      inTurn(async () => {
        await receive(limit + 1);
        if (reached > limit) fail(new FormatError(file, `has more than ${limit} bytes, expected ${limit}`));
        flush();
        return reached;
      }),
  };
}
