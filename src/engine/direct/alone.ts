const last = new WeakMap<object, Promise<unknown>>();

/**
 * Runs what needs a model or a device to itself, one after the other: of what takes a session of its own, many at once
 * would each take the memory of one. `signal` ends the wait.
 */
export function alone<T>(what: object, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const before = last.get(what);
  const result = (async () => {
    await before;
    signal?.throwIfAborted();
    return await work();
  })();
  const settled = result.then(
    () => undefined,
    () => undefined, // whoever called has it
  );
  last.set(what, settled);
  return result;
}
