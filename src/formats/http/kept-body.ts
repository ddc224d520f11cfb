import { FormatError } from "../format-error.ts";
import { longerThanStated } from "./answer.ts";
import type { Reply } from "./request.ts";

/** The body of a whole file; any bytes can be read while it arrives. */
export interface KeptBody {
  /** The file's size, once the response states it or the body has ended. */
  size(): number | undefined;
  /**
   * The bytes `[begin, end)`, or undefined if some were dropped. With `once` they are dropped after reading.
   *
   * @throws FormatError if the body ends before them.
   */
  read(begin: number, end: number, once: boolean): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The first bytes of the file, at most `count`. */
  head(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads on to the end, within at most `limit` bytes, and returns the size. */
  measure(limit: number): Promise<number>;
}

/** The bytes `[begin, end)` of the file: as they arrived, or in a Blob, which browsers may hold on disk. */
interface Segment {
  readonly begin: number;
  readonly end: number;
  readonly data: Uint8Array<ArrayBuffer> | Blob;
}

/** More bytes than this that arrived before they are needed go into a Blob. */
const arrivedBytes = 16 << 20;

/**
 * Buffers what a server without ranges sends: bytes are taken from the connection only as far as requested, and kept
 * until they are dropped, at most `maxBufferedBytes` at a time.
 */
export function keptBody(reply: Reply, file: string, stated: number | undefined, maxBufferedBytes: number): KeptBody {
  let segments: Segment[] = [];
  let reached = 0;
  /** Bytes in all segments, and in those not yet in a Blob. */
  let kept = 0;
  let arrived = 0;
  let ended = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** Runs `work` after earlier requests. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  /** Moves all that has arrived into Blobs; existing ones stay, since slices of a Blob keep it whole. */
  function intoBlobs(): void {
    const runs: { begin: number; end: number; parts: BlobPart[] }[] = [];
    const blobs: Segment[] = [];
    for (const segment of segments) {
      const { begin, end, data } = segment;
      const run = runs.at(-1);
      if (data instanceof Blob) {
        blobs.push(segment);
      } else if (run?.end === begin) {
        run.parts.push(data);
        run.end = end;
      } else {
        runs.push({ begin, end, parts: [data] });
      }
    }
    segments = [...blobs, ...runs.map(({ begin, end, parts }) => ({ begin, end, data: new Blob(parts) }))];
    arrived = 0;
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
      segments.push({ begin: reached, end: reached + chunk.length, data: chunk });
      reached += chunk.length;
      kept += chunk.length;
      arrived += chunk.length;
      if (reached > (stated ?? reached)) fail(longerThanStated(file, stated ?? 0));
      if (kept > maxBufferedBytes) {
        const why = "since the server does not support ranges";
        fail(new FormatError(file, `more than ${maxBufferedBytes} bytes of it would have to be kept, ${why}`));
      }
      if (arrived > arrivedBytes) intoBlobs();
    }
  }

  function fail(error: FormatError): never {
    reply.cancel();
    throw error;
  }

  /** A part of a segment, without a copy. */
  function cut({ begin, data }: Segment, from: number, to: number): Segment {
    const inside = [from - begin, to - begin] as const;
    return { begin: from, end: to, data: data instanceof Blob ? data.slice(...inside) : data.subarray(...inside) };
  }

  /** Drops the bytes `[begin, end)`. */
  function drop(begin: number, end: number): void {
    segments = segments.flatMap((segment) => {
      if (segment.end <= begin || segment.begin >= end) return [segment];
      if (!(segment.data instanceof Blob)) {
        arrived -= Math.min(end, segment.end) - Math.max(begin, segment.begin);
      }
      return [
        ...(segment.begin < begin ? [cut(segment, segment.begin, begin)] : []),
        ...(segment.end > end ? [cut(segment, end, segment.end)] : []),
      ];
    });
    kept -= end - begin;
  }

  /** The bytes `[begin, end)`, or undefined if some were dropped. */
  async function collect(begin: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(end - begin);
    let filled = 0;
    for (const segment of segments) {
      if (segment.end <= begin || segment.begin >= end) continue;
      const part = cut(segment, Math.max(begin, segment.begin), Math.min(end, segment.end));
      const data = part.data instanceof Blob ? new Uint8Array(await part.data.arrayBuffer()) : part.data;
      bytes.set(data, part.begin - begin);
      filled += data.length;
    }
    return filled === bytes.length ? bytes : undefined;
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
        if (bytes && once) drop(begin, end);
        return bytes;
      }),
    head: (count) =>
      inTurn(async () => {
        await receive(count);
        return (await collect(0, Math.min(count, reached))) ?? new Uint8Array();
      }),
    measure: (limit) =>
      inTurn(async () => {
        await receive(limit + 1);
        if (reached > limit) fail(new FormatError(file, `has more than ${limit} bytes, expected ${limit}`));
        return reached;
      }),
  };
}
