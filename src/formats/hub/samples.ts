// A file of a server that states neither ETag nor Last-Modified: whether what is kept of it is still what the server has.

/** What is compared. */
export interface Samples {
  /** Of both; undefined where it differs, or the server does not state it. */
  readonly size: number | undefined;
  /** Bytes that are kept, from the first on. */
  readonly kept: number;
  readonly segmentBytes: number;
  /** A segment of what is kept. */
  stored(index: number): Promise<Segment | undefined>;
  /** Bytes of the server's. */
  served(begin: number, end: number): Promise<Uint8Array>;
  /** What `served` found out: false where the server ignores ranges, so that only the beginning is near. */
  readonly known: { readonly ranges?: boolean | undefined };
}

interface Segment {
  readonly size: number;
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** Bytes of a sample. */
const sampleBytes = 64 << 10;

/**
 * Compares the length, and samples of 64 KiB at the beginning, in the middle and at the end of what is kept: weights that
 * were trained on differ everywhere. A file of no more than that is compared whole. `same`, why it cannot be compared, or
 * undefined where it is another file.
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
