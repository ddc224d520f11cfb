import { onAbort } from "../../../options/abort.ts";

/**
 * Runs work under a lock of this name, across the origin's tabs and workers (Web Locks). The browser releases the lock
 * of a closed tab.
 */
export async function webLocked<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  // The request rejects with a different error when its signal aborts.
  const waiting = new AbortController();
  const unlisten = onAbort(signal, (reason) => waiting.abort(reason));
  const run = async () => {
    unlisten();
    signal?.throwIfAborted();
    return await work();
  };
  try {
    return await (navigator.locks.request(name, { signal: waiting.signal }, run) as Promise<T>);
  } catch (error) {
    if (waiting.signal.aborted) signal?.throwIfAborted();
    throw error;
  } finally {
    unlisten();
  }
}

/** Bytes that the origin uses, and how many are left. */
export async function originEstimate(): Promise<{ used?: number; free?: number }> {
  const { usage: used, quota } = await navigator.storage.estimate();
  if (used === undefined) return {};
  return { used, ...(quota === undefined ? {} : { free: Math.max(0, quota - used) }) };
}

/** Milliseconds to wait for an answer to the request for persistence. */
const patience = 3000;

/** Asks the browser to keep what the origin stores; false if it does not agree within three seconds. */
export async function originPersisted(): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), patience);
  });
  try {
    return await Promise.race([navigator.storage.persist().catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
