// For a server that states neither ETag nor Last-Modified: whether a cached file is still the server's.

/** What is compared. */
interface Samples {
  /** Length of both; undefined if they differ, or the server does not state it. */
  readonly size: number | undefined;
  /** Cached bytes, from the first on. */
  readonly kept: number;
  readonly segmentBytes: number;
  /** A cached segment. */
  stored(index: number): Promise<Segment | undefined>;
  /** Bytes of the server's. */
  served(begin: number, end: number): Promise<Uint8Array>;
  /** Known after `served`: false if the server ignores ranges, so that only the beginning is cheap to read. */
  readonly known: { readonly ranges?: boolean | undefined };
}

interface Segment {
  readonly size: number;
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** Bytes of a sample. */
const sampleBytes = 64 << 10;

/**
 * Compares the length, and samples of 64 KiB at the beginning, in the middle and at the end of the cached file: further
 * training changes weights everywhere. Smaller files are compared whole. Returns `same`, why it cannot be compared, or
 * undefined if the files differ.
 */
export async function compareSamples({ size, kept, segmentBytes, stored, served, known }: Samples) {
  if (size === undefined || kept === 0) return undefined;
  const last = Math.ceil(kept / segmentBytes) - 1;
  const starts = [0, Math.floor(last / 2) * segmentBytes, Math.max(last * segmentBytes, kept - sampleBytes)];
  for (const begin of new Set(starts)) {
    const index = Math.floor(begin / segmentBytes);
    const segment = await stored(index);
    const from = begin - index * segmentBytes;
    const to = Math.min(from + sampleBytes, segmentBytes, kept - index * segmentBytes);
    if (!segment || segment.size < to) return undefined;
    const own = await segment.read(from, to);
    const found = await served(begin, begin + own.length);
    if (found.length !== own.length || !found.every((byte, i) => byte === own[i])) return undefined;
    if (known.ranges !== false || kept <= sampleBytes) continue;
    const what = "its server names no version of a file (ETag, Last-Modified) and ignores ranges";
    return `what is kept of it is not used, since ${what}`;
  }
  return "same";
}
