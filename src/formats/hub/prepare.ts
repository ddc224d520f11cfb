import { mebibytes } from "../../options/bytes.ts";
import type { LoadProgress } from "../load-progress.ts";
import { KeepError, keepFile } from "./keep.ts";
import { type FileRecord, isOf, readRecord, type Shelf, storedBytes } from "./kept-file.ts";
import type { Remote, RemoteFile } from "./remote.ts";
import { pathPart } from "./stores/store.ts";

/** What preparing files needs. */
interface Preparing {
  readonly shelf: Shelf;
  readonly remote: Remote;
  readonly onWarning: (warning: string) => void;
  /** Called when files cannot be cached and are read from the server instead. */
  readonly notKept: (error: KeepError) => void;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: LoadProgress) => void) | undefined;
}

/** The name of the lock under which a file is written. */
export const lockOf = ({ id }: Remote, file: string): string => `shaderformer ${pathPart(id)} ${pathPart(file)}`;

/** Progress over all files; it never decreases, even if a file is fetched from its beginning again. */
function progressOf(files: ReadonlyMap<string, RemoteFile>, onProgress: Preparing["onProgress"]) {
  const there = new Map<string, { done: number; fromCache: number; size: number }>();
  for (const [file, { size = 0 }] of files) there.set(file, { done: 0, fromCache: 0, size });
  let [most, maxTotal] = [0, 0];
  const report = (phase: LoadProgress["phase"]) => {
    const all = [...there.values()];
    const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
    maxTotal = Math.max(
      maxTotal,
      sum(({ size, done }) => Math.max(size, done)),
    );
    most = Math.max(
      most,
      sum(({ done }) => done),
    );
    const fromCache = Math.min(
      most,
      sum((one) => one.fromCache),
    );
    onProgress?.({ phase, done: most, total: maxTotal, ...(fromCache > 0 ? { fromCache } : {}) });
  };
  const state = (file: string) => there.get(file) ?? { done: 0, fromCache: 0, size: 0 };
  return {
    restart: (file: string) => there.set(file, { ...state(file), done: 0, fromCache: 0 }),
    add: (file: string, count: number, cached: boolean) => {
      const one = state(file);
      there.set(file, { ...one, done: one.done + count, fromCache: one.fromCache + (cached ? count : 0) });
      report("download");
    },
    report,
  };
}

/**
 * Fetches those of these files that are not cached yet, one after the other, each under a lock that other tabs and
 * processes respect. Returns the records of the cached ones; others, for lack of room or write access, stay on the
 * server.
 */
export async function prepareFiles(
  preparing: Preparing,
  files: ReadonlyMap<string, RemoteFile>,
): Promise<Map<string, FileRecord>> {
  const { shelf, remote, onWarning, notKept, signal, onProgress } = preparing;
  const progress = progressOf(files, onProgress);
  const kept = new Map<string, FileRecord>();
  const missing: [string, RemoteFile][] = [];
  let bytes = 0;
  for (const [file, there] of files) {
    const record = await readRecord(shelf, file).catch(() => undefined);
    const known = record !== undefined && isOf(record, there);
    if (known && record.complete) {
      kept.set(file, record);
      progress.add(file, record.size ?? 0, true);
      continue;
    }
    missing.push([file, there]);
    bytes += (there.size ?? 0) - (known ? await storedBytes(shelf, record).catch(() => 0) : 0);
  }
  const { free } = await shelf.store.estimate().catch(() => ({ free: undefined }));
  if (free !== undefined && bytes > free) {
    notKept(new KeepError(`it takes ${mebibytes(bytes)} more, and there is room for ${mebibytes(free)}`));
    return kept;
  }
  for (const [file, there] of missing) {
    progress.restart(file);
    let began = false;
    const keeping = {
      onBytes: (count: number, fromCache: boolean) => {
        began = true;
        progress.add(file, count, fromCache);
      },
      onRestart: () => progress.restart(file),
      onWarning,
      signal,
    };
    let locked = false;
    try {
      const record = await shelf.store.locked(lockOf(remote, file), signal, () => {
        locked = true;
        return keepFile(shelf, remote, file, there, keeping);
      });
      if (!began) progress.add(file, record.size ?? 0, true); // another tab has fetched it
      kept.set(file, record);
    } catch (error) {
      signal?.throwIfAborted();
      if (locked && !(error instanceof KeepError)) throw error;
      notKept(error instanceof KeepError ? error : new KeepError(String(error), { cause: error }));
      // A partial file would only take up room.
      await shelf.store.delete([...shelf.path, pathPart(file)]).catch(() => undefined);
      return kept;
    }
  }
  progress.report("verify");
  return kept;
}
