import { FormatError } from "../format-error.ts";
import { ConnectionError } from "../http/request.ts";
import type { LoadProgress } from "../load-progress.ts";
import { checkRange, checkRelative, type FileHead, type FileSource, type ReadOptions, tooLarge } from "../source.ts";
import { checkWhole, KeepError, keepBytes } from "./keep.ts";
import {
  type FileRecord,
  folderOf,
  isOf,
  readRecord,
  type Shelf,
  segmentName,
  storedBytes,
  writeRecord,
} from "./kept-file.ts";
import { lockOf, prepareFiles } from "./prepare.ts";
import { type KeptFile, openKept } from "./read-kept.ts";
import { type Known, type Remote, type RemoteFile, receivedRange, receivedWhole } from "./remote.ts";
import { repeated } from "./transfer.ts";

/** The parts of a source of cached files. */
interface KeptSourceParts {
  readonly remote: Remote;
  /** Reads the server's files without caching them. */
  readonly direct: FileSource;
  readonly shelf: Shelf;
  readonly license?: string | undefined;
  readonly onWarning: (warning: string) => void;
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
  /** Called with the files of a load, before they are fetched. */
  readonly noted: (files: readonly string[]) => Promise<void>;
}

/** What is known about a file: on the server, if it answers, and in the cache. */
interface FileState {
  /** Undefined if there is no such file. */
  readonly remote: RemoteFile | undefined;
  readonly record: FileRecord | undefined;
}

/** The files of a server, with a cache of those fetched before. */
export function keptSource(parts: KeptSourceParts): FileSource {
  const { remote, direct, shelf, onWarning, onProgress } = parts;
  const states = new Map<string, Promise<FileState>>();
  const open = new Map<string, KeptFile>();
  /** First bytes read from the server, for files that are compared with their digests later. */
  const heads = new Map<string, Uint8Array<ArrayBuffer>>();
  let warned = false;
  /** True once the server did not answer about a cached file: other cached files are then not checked with it. */
  let offline = false;

  /** Warns once that files are not cached, and why. */
  function notKept(error: KeepError): void {
    if (!warned) onWarning(`${remote.name}: it is not kept for the next time: ${error.message}`);
    warned = true;
  }

  function notKeptNow(error: unknown, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    notKept(error instanceof KeepError ? error : new KeepError(String(error), { cause: error }));
  }

  const locked = <T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> =>
    shelf.store.locked(lockOf(remote, file), signal, work);

  /** The record of a file; undefined if the store fails. */
  async function written(file: string): Promise<FileRecord | undefined> {
    return await readRecord(shelf, file).catch(() => undefined);
  }

  /** Records that the server has no such file, for later loads without the server. */
  async function keepAbsence(file: string, signal: AbortSignal | undefined): Promise<void> {
    const record = { file, complete: true, absent: true, segmentBytes: shelf.segmentBytes, digests: [] };
    try {
      await locked(file, signal, () => writeRecord(shelf, record));
    } catch (error) {
      notKeptNow(error, signal);
    }
  }

  async function found(file: string, signal: AbortSignal | undefined): Promise<FileState> {
    checkRelative(file);
    const record = await written(file);
    const asItWas = record?.complete ? { remote: record.absent ? undefined : sameAs(record), record } : undefined;
    if (offline && asItWas) return asItWas;
    try {
      // With a cached version, one attempt is enough.
      const there = await remote.look(file, signal, asItWas !== undefined);
      if (!there && !record && !remote.hashes) await keepAbsence(file, signal);
      return { remote: there && record ? await compared(file, there, record, signal) : there, record };
    } catch (error) {
      if (!(error instanceof ConnectionError) || !asItWas) throw error;
      offline = true;
      return asItWas;
    }
  }

  /** For servers that state no version: the file counts as unchanged if samples of its bytes match the cache. */
  async function compared(file: string, there: RemoteFile, record: FileRecord, signal: AbortSignal | undefined) {
    const { sha256, gitSha1, validator, size } = there;
    if (sha256 ?? gitSha1 ?? validator ?? record.validator ?? record.absent) return there;
    const { compareSamples } = await import("./samples.ts");
    const known: Known = { size };
    const problem = await compareSamples({
      size: size === record.size ? size : undefined,
      kept: await storedBytes(shelf, record),
      segmentBytes: record.segmentBytes,
      stored: (index) => shelf.store.open([...folderOf(shelf, file), segmentName(index)]),
      known,
      served: (begin, end) => receivedRange(remote, file, known, begin, end, signal),
    });
    if (problem === "same") return sameAs(there);
    if (!warned && problem) onWarning(`${remote.name}: ${problem}`);
    warned ||= problem !== undefined;
    return there;
  }

  function stateOf(file: string, signal: AbortSignal | undefined): Promise<FileState> {
    const known = states.get(file);
    if (known) return known;
    const state = found(file, signal);
    states.set(file, state);
    state.catch(() => states.get(file) === state && states.delete(file));
    return state;
  }

  /** The cached file; undefined if it is missing, incomplete or of another version. */
  async function keptOf(file: string, signal: AbortSignal | undefined): Promise<KeptFile | undefined> {
    const known = open.get(file);
    if (known) return known;
    const state = await stateOf(file, signal);
    const { record } = state;
    if (!record?.complete || !state.remote || !isOf(record, state.remote)) return undefined;
    const kept = openKept(shelf, remote, record);
    open.set(file, kept);
    return kept;
  }

  /** A whole file from the server, checked, and cached if there is room. */
  async function fetched(file: string, limit: number, signal: AbortSignal | undefined, listed?: RemoteFile) {
    if (listed?.size !== undefined && listed.size > limit) throw tooLarge(file, limit, listed.size);
    const received = await repeated(remote.rules, signal, async () => {
      const whole = await receivedWhole(remote, file, limit, signal);
      if (!whole) return undefined;
      const known = { ...whole.found, ...digestsOf(listed ?? whole.found) };
      try {
        await checkWhole(file, known, whole.bytes);
      } catch (cause) {
        throw new ConnectionError(file, messageOf(cause, file), { cause }); // another attempt may succeed
      }
      return { bytes: whole.bytes, known: { ...known, validator: listed?.validator ?? known.validator } };
    });
    try {
      if (received) {
        const record = await locked(file, signal, () => keepBytes(shelf, file, received.known, received.bytes));
        states.set(file, Promise.resolve({ remote: sameAs(received.known), record }));
      } else await keepAbsence(file, signal);
    } catch (error) {
      notKeptNow(error, signal);
    }
    return received?.bytes;
  }

  async function readWhole(file: string, limit: number, { signal }: ReadOptions = {}) {
    checkRelative(file);
    // A file about which nothing is known is requested directly, without a probe.
    if (!remote.hashes && !states.has(file) && !(await written(file))) return await fetched(file, limit, signal);
    const kept = await keptOf(file, signal);
    if (kept) {
      if (kept.size > limit) throw tooLarge(file, limit, kept.size);
      return await kept.read(0, kept.size, signal);
    }
    const state = await stateOf(file, signal);
    if (!state.remote) return undefined;
    return await fetched(file, limit, signal, state.remote);
  }

  async function size(file: string, options: ReadOptions & { readonly limit?: number } = {}): Promise<number> {
    const kept = await keptOf(file, options.signal);
    if (kept) return kept.size;
    const { remote: there } = await stateOf(file, options.signal);
    if (!there) throw new FormatError(file, `there is no such file in ${remote.name}`);
    return there.size ?? (await direct.size(file, options));
  }

  async function readHead(file: string, count: number, { signal }: ReadOptions = {}): Promise<FileHead | undefined> {
    const kept = await keptOf(file, signal);
    if (kept) return { bytes: await kept.read(0, Math.min(count, kept.size), signal), size: kept.size };
    const { remote: there } = await stateOf(file, signal);
    if (!there) return undefined;
    const head = await direct.readHead?.(file, count, { signal });
    if (!head) throw new FormatError(file, `there is no such file in ${remote.name}`);
    heads.set(file, head.bytes);
    return { bytes: head.bytes, size: there.size ?? head.size };
  }

  /** Throws for a file whose first bytes differ from those read before. */
  async function checkHead(file: string, signal: AbortSignal | undefined): Promise<void> {
    const head = heads.get(file);
    const now = head && (await (await keptOf(file, signal))?.read(0, head.length, signal));
    heads.delete(file);
    if (head && now && !head.every((byte, i) => byte === now[i])) {
      throw new FormatError(file, "changed on the server while it was read: load it again");
    }
  }

  return {
    name: remote.name,
    ...(parts.license === undefined ? {} : { license: parts.license }),
    has: async (file, { signal } = {}) => (await stateOf(file, signal)).remote !== undefined,
    size,
    readWhole,
    readHead,
    read: async (file, begin, end, { signal, once } = {}) => {
      const kept = await keptOf(file, signal);
      if (kept) return await kept.read(begin, end, signal);
      const { remote: there } = await stateOf(file, signal);
      if (there?.size !== undefined) checkRange(file, begin, end, there.size);
      return await direct.read(file, begin, end, { signal, ...(once === undefined ? {} : { once }) });
    },
    kept: async (file, { signal } = {}) => {
      const { remote: there, record } = await stateOf(file, signal);
      if (!there || !record || !isOf(record, there)) return 0;
      return await storedBytes(shelf, record).catch(() => 0);
    },
    prepare: async (files, { signal } = {}) => {
      await parts.noted(files).catch(() => undefined);
      const known = await Promise.all(
        files.map(async (file) => {
          const { remote: there } = await stateOf(file, signal);
          if (!there) throw new FormatError(file, `there is no such file in ${remote.name}`);
          return [file, there] as const;
        }),
      );
      const kept = await prepareFiles({ shelf, remote, onWarning, notKept, signal, onProgress }, new Map(known));
      for (const [file, record] of kept) {
        open.delete(file);
        states.set(file, Promise.resolve({ remote: sameAs(record), record }));
        await checkHead(file, signal);
      }
    },
  };
}

const sameAs = (file: RemoteFile): RemoteFile => ({ ...file, same: true });

const digestsOf = ({ sha256, gitSha1 }: RemoteFile) => ({ sha256, gitSha1 });

/** The message of an error without the leading file name. */
const messageOf = (error: unknown, file: string) =>
  error instanceof Error ? error.message.replace(`${file}: `, "") : String(error);
