// The page of load-memory.test.ts: an engine in a worker, and the memory of both as the browser measures it.
import { createWorkerEngine } from "../../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";

let engine: Engine | undefined;

/** Bytes of JavaScript's memory of this page and its workers, array buffers included, after a collection. */
async function bytes(): Promise<number> {
  const measured = Reflect.get(performance, "measureUserAgentSpecificMemory").call(performance);
  return ((await measured) as { readonly bytes: number }).bytes;
}

export const memoryTasks = {
  /** Opens an engine; the bytes before anything is loaded. */
  async open(): Promise<number> {
    engine = await createWorkerEngine(new Worker("/worker.js", { type: "module" }));
    return await bytes();
  },
  /**
   * Loads a model, and measures whenever that has come further; the most bytes, and how often they were measured. A
   * measurement collects garbage in the page and the worker, so one after the other they are most of the work.
   */
  async load(path: string): Promise<{ most: number; times: number }> {
    if (!engine) throw new Error("there is no engine");
    const state = { loading: true, further: Promise.withResolvers<void>() };
    const onProgress = () => state.further.resolve();
    const model = engine.load(new URL(path, location.href).href, { id: "model", context: 64, onProgress });
    const ended = () => {
      state.loading = false;
      state.further.resolve();
    };
    model.then(ended, ended);
    let [most, times] = [0, 0];
    for (; state.loading; times++) {
      state.further = Promise.withResolvers();
      most = Math.max(most, await bytes());
      await state.further.promise;
    }
    await model;
    return { most, times };
  },
  async generate(): Promise<number> {
    const made = await engine?.completions.create({ prompt: "The sea", max_tokens: 2, temperature: 0 });
    return made?.usage?.completion_tokens ?? 0;
  },
  unload: async (): Promise<void> => engine?.unload("model"),
  bytes,
};

Reflect.set(globalThis, "memoryTasks", memoryTasks);
