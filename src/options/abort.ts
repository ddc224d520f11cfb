/** Functions to call when a signal aborts. One listener calls all: Node warns about a signal with more than ten. */
const stops = new WeakMap<AbortSignal, Set<() => void>>();

function stopsOf(signal: AbortSignal): Set<() => void> {
  const known = stops.get(signal);
  if (known) return known;
  const all = new Set<() => void>();
  stops.set(signal, all);
  const run = () => {
    for (const stop of [...all]) stop();
  };
  signal.addEventListener("abort", run, { once: true });
  return all;
}

/** Calls `stop` when `signal` aborts, or at once if it has aborted. The function returned undoes this. */
export function onAbort(signal: AbortSignal | undefined, stop: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  const call = () => stop(signal.reason);
  if (signal.aborted) {
    call();
    return () => {};
  }
  const all = stopsOf(signal);
  all.add(call);
  return () => void all.delete(call);
}

/** Waits for `promise`, or until `signal` aborts, and then throws its reason. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const unlisten = onAbort(signal, reject);
    promise.then(resolve, reject).finally(unlisten);
  });
}
