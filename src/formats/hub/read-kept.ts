import { FormatError } from "../format-error.ts";
import { checkRange } from "../source.ts";
import { type FileRecord, folderOf, type Shelf, segmentName } from "./kept-file.ts";
import { type Remote, receivedRange } from "./remote.ts";
import { sha256Of } from "./sha256.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A completely cached file. */
export interface KeptFile {
  readonly size: number;
  /** The bytes `[begin, end)`, each segment compared with its digest, and fetched again if it is damaged. */
  read(begin: number, end: number, signal: AbortSignal | undefined): Promise<Bytes>;
}

/** Segments that stay in memory after reading, since reads do not end at segment boundaries. */
const maxInMemory = 3;

/** Opens a completely cached file. */
export function openKept(shelf: Shelf, remote: Remote, record: FileRecord): KeptFile {
  const { file, segmentBytes, digests } = record;
  const size = record.size ?? 0;
  /** The segments read last, latest at the end. */
  const recent = new Map<number, Promise<Bytes>>();

  function segment(index: number, signal: AbortSignal | undefined): Promise<Bytes> {
    const known = recent.get(index);
    recent.delete(index);
    const bytes = known ?? intact(index, signal);
    recent.set(index, bytes);
    if (!known) bytes.catch(() => recent.get(index) === bytes && recent.delete(index));
    for (const [oldest] of recent) if (recent.size > maxInMemory) recent.delete(oldest);
    return bytes;
  }

  /** A segment as downloaded. */
  async function intact(index: number, signal: AbortSignal | undefined): Promise<Bytes> {
    const path = [...folderOf(shelf, file), segmentName(index)];
    const begin = index * segmentBytes;
    const end = Math.min(begin + segmentBytes, size);
    const stored = await shelf.store.open(path).catch(() => undefined);
    if (stored?.size === end - begin) {
      const bytes = await stored.read(0, stored.size).catch(() => undefined);
      if (bytes && (await sha256Of(bytes)) === digests[index]) return bytes;
    }
    return await again(index, begin, end, signal);
  }

  /** Fetches a damaged or missing segment; if the server has another version, the file is dropped. */
  async function again(index: number, begin: number, end: number, signal: AbortSignal | undefined): Promise<Bytes> {
    const damaged = `what is kept of it is damaged at byte ${begin}`;
    let bytes: Bytes;
    try {
      bytes = await receivedRange(remote, file, { size }, begin, end, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FormatError(file, `${damaged}, and cannot be fetched again: ${why}`, { cause });
    }
    if ((await sha256Of(bytes)) !== digests[index]) {
      await shelf.store.delete(folderOf(shelf, file)).catch(() => undefined);
      throw new FormatError(file, `${damaged}, and the server has another version: load it again`);
    }
    // It is good whether or not there is room to keep it.
    await shelf.store.write([...folderOf(shelf, file), segmentName(index)], bytes).catch(() => undefined);
    return bytes;
  }

  async function read(begin: number, end: number, signal: AbortSignal | undefined): Promise<Bytes> {
    checkRange(file, begin, end, size);
    const bytes = new Uint8Array(end - begin);
    for (let index = Math.floor(begin / segmentBytes); index * segmentBytes < end; index++) {
      const from = index * segmentBytes;
      const part = (await segment(index, signal)).subarray(Math.max(0, begin - from), end - from);
      bytes.set(part, Math.max(from, begin) - begin);
    }
    return bytes;
  }

  return { size, read };
}
