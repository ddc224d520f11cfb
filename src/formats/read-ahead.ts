import type { FileSource } from "./source.ts";

/** The bytes `[begin, end)` of a file. */
export interface FileRange {
  readonly file: string;
  readonly begin: number;
  readonly end: number;
}

/** How ranges are requested. */
interface ReadAhead {
  /** Maximum bytes of one request. */
  readonly requestBytes: number;
  /** Maximum requests running, or finished but not used up. */
  readonly requests: number;
  /** Maximum gap between two ranges that one request still joins. */
  readonly gapBytes: number;
}

const standard: ReadAhead = { requestBytes: 4 << 20, requests: 4, gapBytes: 64 << 10 };

/** A request for parts of one or several consecutive ranges. */
interface Request {
  readonly file: string;
  readonly begin: number;
  end: number;
  /** Parts still to be taken from it. */
  parts: number;
  bytes?: Promise<Uint8Array<ArrayBuffer>>;
}

/** Bytes of a range from one request. */
interface Part {
  readonly request: Request;
  readonly begin: number;
  readonly end: number;
}

/** First bytes of files, by name, which are not requested again. */
export type Heads = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The requests for `ranges`, in order: for each range its parts. */
function planned(ranges: readonly FileRange[], heads: Heads, { requestBytes, gapBytes }: ReadAhead): Part[][] {
  let last: Request | undefined;
  const added = (request: Request) => {
    last = request;
    return request;
  };

  /** The request for a range from `begin` on: the last one if it can reach it, else a new one. */
  function requestFor({ file, end }: FileRange, begin: number): Request {
    const head = heads.get(file);
    if (head && begin < head.length) {
      return added({ file, begin: 0, end: head.length, parts: 0, bytes: Promise.resolve(head) });
    }
    if (last?.file === file && begin >= last.begin && begin <= last.end + gapBytes) {
      if (last.bytes === undefined) last.end = Math.max(last.end, Math.min(end, last.begin + requestBytes));
      if (begin < last.end) return last;
    }
    return added({ file, begin, end: Math.min(end, begin + requestBytes), parts: 0 });
  }

  return ranges.map((range) => {
    const parts: Part[] = [];
    for (let begin = range.begin; begin < range.end; ) {
      const request = requestFor(range, begin);
      const end = Math.min(range.end, request.end);
      request.parts++;
      parts.push({ request, begin, end });
      begin = end;
    }
    return parts;
  });
}

/**
 * The bytes of each range, in the order given; their `byteOffset` is a multiple of 8. Adjacent ranges are requested
 * together, in requests of at most 4 MiB, of which up to four run ahead: at most 16 MiB are in memory, plus the range
 * being assembled. All must be in files of known extents.
 *
 * @throws FormatError if a file cannot be read.
 */
export async function* readInOrder(
  source: FileSource,
  ranges: readonly FileRange[],
  heads: Heads,
  ahead: ReadAhead = standard,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const plan = planned(ranges, heads, ahead);
  const requests = [...new Set(plan.flat().map(({ request }) => request))];
  let started = 0;
  let used = 0;

  function start(): void {
    for (; started < Math.min(requests.length, used + ahead.requests); started++) {
      const request = requests[started];
      if (!request || request.bytes) continue;
      const { file, begin, end } = request;
      request.bytes = source.read(file, begin, end, { once: true });
      request.bytes.catch(() => undefined); // thrown where it is taken
    }
  }

  async function take({ request, begin, end }: Part): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = (await request.bytes) ?? new Uint8Array();
    if (--request.parts === 0) {
      delete request.bytes;
      used++;
    }
    return bytes.subarray(begin - request.begin, end - request.begin);
  }

  for (const [index, parts] of plan.entries()) {
    start();
    const [first] = parts;
    const { begin = 0, end = 0 } = ranges[index] ?? {};
    if (first && parts.length === 1) {
      const bytes = await take(first);
      yield bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
      continue;
    }
    const whole = new Uint8Array(end - begin);
    for (const part of parts) {
      whole.set(await take(part), part.begin - begin);
      start();
    }
    yield whole;
  }
}
