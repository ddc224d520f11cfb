import type { LanguageModel } from "../../generate/language-model.ts";

const last = new WeakMap<LanguageModel, Promise<unknown>>();

/**
 * Runs what takes a session of its own, one after the other: many at once would each take the memory of one. `signal`
 * ends the wait.
 */
export function alone<T>(model: LanguageModel, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const before = last.get(model);
  const result = (async () => {
    await before;
    signal?.throwIfAborted();
    return await work();
  })();
  const settled = result.then(
    () => undefined,
    () => undefined, // whoever called has it
  );
  last.set(model, settled);
  return result;
}
