import type { FormatError } from "../format-error.ts";
import { type FileRecord, folderOf, isOf, readRecord, type Shelf, segmentName, writeRecord } from "./kept-file.ts";
import { ChangedError, type Known, type Remote, type RemoteFile, received } from "./remote.ts";
import { createSha256, gitSha1Of, type Sha256, sha256Of } from "./sha256.ts";

/** Callbacks for the arriving bytes of a file. */
interface Keeping {
  /** Called with each number of new bytes, and whether they were cached before. */
  readonly onBytes: (count: number, fromCache: boolean) => void;
  /** Called when a file is fetched from its beginning again. */
  readonly onRestart: () => void;
  /** Called when a file is cached without its possible check. */
  readonly onWarning: (warning: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** A failure of the cache, e.g. a full disk. */
export class KeepError extends Error {}

/** Runs work on a store; its failures become KeepErrors. */
async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new KeepError(reasonOf(cause), { cause });
  }
}

function reasonOf(cause: unknown): string {
  const { name = "", code = "", message = "" } = cause as { name?: string; code?: string; message?: string };
  if (name === "QuotaExceededError" || code === "EDQUOT") return "the storage that this place may use is full";
  if (code === "ENOSPC") return "the disk is full";
  return message || String(cause);
}

/** How often a file is fetched from its beginning: once, and again if it changed or does not match its digest. */
const maxBeginnings = 3;

/** Largest file whose SHA-1 is checked: hubs keep larger ones in large file storage, which has SHA-256. */
const maxGitBytes = 64 << 20;

/**
 * Fetches a file into the store, continuing an earlier attempt, and checks its size and digest. The caller holds the
 * file's lock.
 *
 * @throws KeepError if it cannot be stored; FormatError if it cannot be fetched or does not match its digest.
 */
export async function keepFile(
  shelf: Shelf,
  remote: Remote,
  file: string,
  listed: RemoteFile,
  keeping: Keeping,
): Promise<FileRecord> {
  for (let beginning = 1; ; beginning++) {
    const record = await stored(readRecord(shelf, file));
    if (record?.complete && isOf(record, listed)) return record;
    const resumed = beginning === 1 && record && !record.complete && isOf(record, listed) ? record : undefined;
    try {
      return await fetchFile(shelf, remote, file, listed, resumed, keeping);
    } catch (error) {
      if (!(error instanceof ChangedError)) throw error;
      await stored(shelf.store.delete(folderOf(shelf, file)));
      keeping.onRestart();
      if (beginning >= maxBeginnings) throw error;
      // A validator may be that of the previous version; digests come from the hub.
      listed = { size: listed.sha256 || listed.gitSha1 ? listed.size : undefined, ...digestsOf(listed) };
    }
  }
}

const digestsOf = ({ sha256, gitSha1 }: RemoteFile) => ({ sha256, gitSha1 });

async function fetchFile(
  shelf: Shelf,
  remote: Remote,
  file: string,
  listed: RemoteFile,
  resumed: FileRecord | undefined,
  { onBytes, onWarning, signal }: Keeping,
): Promise<FileRecord> {
  const { store } = shelf;
  const folder = folderOf(shelf, file);
  const segmentBytes = resumed?.segmentBytes ?? shelf.segmentBytes;
  const { same: _, ...own } = listed;
  const known: Known = { ...own, size: listed.size ?? resumed?.size };
  const digests: string[] = [];
  let hash: Sha256 | undefined;
  if (known.sha256 !== undefined || (remote.hashes && known.gitSha1 === undefined)) {
    hash = await createSha256();
    if (!hash) {
      onWarning(
        `${file}: its SHA-256 is not checked, since the page's content security policy refuses WebAssembly: ` +
          "script-src 'wasm-unsafe-eval' allows it",
      );
    }
  }
  const record = (complete: boolean): FileRecord => ({ file, complete, segmentBytes, ...known, digests });

  let at = 0;
  if (resumed) {
    for (let index = 0; ; index++) {
      const segment = await stored(store.open([...folder, segmentName(index)]));
      const last = segment && at + segment.size === known.size;
      if (!segment || (segment.size !== segmentBytes && !last)) break;
      const bytes = await stored(segment.read(0, segment.size));
      hash?.update(bytes);
      digests.push(await sha256Of(bytes));
      at += bytes.length;
      onBytes(bytes.length, true);
      signal?.throwIfAborted();
    }
  } else {
    await stored(store.delete(folder));
  }

  const segment = new Uint8Array(segmentBytes);
  let filled = 0;
  let begun = resumed !== undefined;
  async function flush(): Promise<void> {
    if (!begun) await stored(writeRecord(shelf, { ...record(false), digests: [] }));
    begun = true;
    const bytes = segment.subarray(0, filled);
    const digest = await sha256Of(bytes);
    await stored(store.write([...folder, segmentName(digests.length)], bytes));
    hash?.update(bytes);
    digests.push(digest);
    filled = 0;
  }
  for await (const chunk of received(remote, file, known, { begin: at }, signal)) {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + segmentBytes - filled);
      segment.set(part, filled);
      filled += part.length;
      taken += part.length;
      at += part.length;
      onBytes(part.length, false);
      if (filled === segmentBytes) await flush();
    }
  }
  if (filled > 0) await flush();
  known.size ??= at;
  if (at !== known.size) throw new ChangedError(file, `has ${at} bytes, expected ${known.size}`);
  await check(shelf, file, known, hash, digests.length);
  // Another tab may have deleted the model in the meantime.
  const names = new Set(await stored(store.list(folder)));
  if (digests.some((_, index) => !names.has(segmentName(index)))) {
    throw new ChangedError(file, "was deleted from the cache while it was downloaded");
  }
  await stored(writeRecord(shelf, record(true)));
  return record(true);
}

/** Compares stored bytes with the server's digest. Throws ChangedError if they differ. */
async function check(
  shelf: Shelf,
  file: string,
  known: Known,
  hash: Sha256 | undefined,
  segments: number,
): Promise<void> {
  if (known.sha256 !== undefined) {
    const digest = hash?.digest();
    if (digest !== undefined && digest !== known.sha256) throw wrongDigest(file, "SHA-256", digest, known.sha256);
    return;
  }
  const { gitSha1, size = 0 } = known;
  if (gitSha1 === undefined || size > maxGitBytes) return;
  const bytes = new Uint8Array(size);
  let filled = 0;
  for (let index = 0; index < segments; index++) {
    const segment = await stored(shelf.store.open([...folderOf(shelf, file), segmentName(index)]));
    if (!segment || filled + segment.size > size) break;
    bytes.set(await stored(segment.read(0, segment.size)), filled);
    filled += segment.size;
  }
  await checkWhole(file, known, bytes);
}

/**
 * Compares bytes with the server's digest.
 *
 * @throws ChangedError if they differ.
 */
export async function checkWhole(
  file: string,
  { sha256, gitSha1 }: RemoteFile,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  if (sha256 !== undefined) {
    const digest = await sha256Of(bytes);
    if (digest !== sha256) throw wrongDigest(file, "SHA-256", digest, sha256);
  } else if (gitSha1 !== undefined && bytes.length <= maxGitBytes) {
    const digest = await gitSha1Of(bytes);
    if (digest !== gitSha1) throw wrongDigest(file, "git SHA-1", digest, gitSha1);
  }
}

function wrongDigest(file: string, what: string, is: string, expected: string): FormatError {
  return new ChangedError(
    file,
    `what the server sent has the ${what} ${is.slice(0, 16)}…, expected ${expected.slice(0, 16)}…`,
  );
}

/** Stores a checked file from memory. Throws KeepError. */
export async function keepBytes(
  shelf: Shelf,
  file: string,
  known: RemoteFile,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<FileRecord> {
  const { store, segmentBytes } = shelf;
  const digests: string[] = [];
  await stored(store.delete(folderOf(shelf, file)));
  for (let begin = 0; begin < bytes.length; begin += segmentBytes) {
    const segment = bytes.slice(begin, begin + segmentBytes);
    await stored(store.write([...folderOf(shelf, file), segmentName(digests.length)], segment));
    digests.push(await sha256Of(segment));
  }
  const record: FileRecord = { file, complete: true, segmentBytes, ...known, size: bytes.length, digests };
  await stored(writeRecord(shelf, record));
  return record;
}
