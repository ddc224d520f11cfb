import { type Signal, signal } from "@preact/signals";
import { device, losses } from "../device/device.ts";
import { sim } from "../sim.ts";
import type { Answer, CallsOf, Request } from "./protocol.ts";

/** Options of a call. */
export interface CallOptions<P> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: P) => void;
}

/** The page's client of its worker, which owns the device. */
export interface WorkerClient<C extends CallsOf<C>> {
  /** Starts the worker, replacing the current one, whose calls fail. */
  readonly start: () => void;
  /** Calls the worker. Throws its error, or the reason of `signal` as soon as it aborts. */
  readonly call: <N extends keyof C>(name: N, given: C[N][0], options?: CallOptions<C[N][2]>) => Promise<C[N][1]>;
  /** Counts the workers: the state of earlier ones is gone. */
  readonly generation: Signal<number>;
}

/** A call's failure in the worker. */
class WorkerFailure extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: unknown) => void) | undefined;
}

/** A client of the worker from `create`. The page's device state follows the worker's reports. */
export function workerClient<C extends CallsOf<C>>(create: () => Worker): WorkerClient<C> {
  let worker: Worker | undefined;
  let calls = 0;
  const waiting = new Map<number, Waiting>();
  const generation = signal(0);

  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const noWorker = (detail: string) => {
    device.value = { kind: "missing", missing: "no-worker", detail };
    failAll(new WorkerFailure("Error", `the worker failed: ${detail}`));
  };
  const take = (answer: Answer) => {
    switch (answer.kind) {
      case "opened":
        device.value = { kind: "ready", facts: answer.facts };
        return;
      case "missing":
        device.value = answer;
        return;
      case "lost":
        losses.value++;
        device.value = { kind: "lost", detail: answer.detail };
        failAll(new WorkerFailure("DeviceLost", "the GPU was lost"));
        return;
    }
    const call = waiting.get(answer.id);
    if (answer.kind === "progress") {
      call?.onProgress?.(answer.progress);
      return;
    }
    waiting.delete(answer.id);
    if (answer.kind === "result") call?.resolve(answer.result);
    else call?.reject(new WorkerFailure(answer.name, answer.message));
  };

  return {
    generation,
    start() {
      worker?.terminate();
      worker = undefined;
      failAll(new WorkerFailure("AbortError", "the worker was started anew"));
      generation.value++;
      device.value = { kind: "opening" };
      try {
        if (sim === "no-worker") throw new Error("simulated");
        const started = create();
        started.addEventListener("message", ({ data }: MessageEvent<Answer>) => started === worker && take(data));
        started.addEventListener("error", ({ message }) => started === worker && noWorker(message ?? ""));
        worker = started;
        started.postMessage({ kind: "begin", sim } satisfies Request);
      } catch (error) {
        noWorker(error instanceof Error ? error.message : String(error));
      }
    },
    call(name, given, { signal: ended, onProgress } = {}) {
      const to = worker;
      const id = ++calls;
      return new Promise((resolve, reject) => {
        if (ended?.aborted) return reject(ended.reason);
        if (!to) return reject(new WorkerFailure("Error", "there is no worker"));
        const abort = () => {
          waiting.delete(id);
          to.postMessage({ kind: "abort", id } satisfies Request);
          reject(ended?.reason);
        };
        const settled = () => ended?.removeEventListener("abort", abort);
        waiting.set(id, {
          resolve: (result) => {
            settled();
            resolve(result as C[typeof name][1]);
          },
          reject: (error) => {
            settled();
            reject(error);
          },
          onProgress: onProgress as ((progress: unknown) => void) | undefined,
        });
        ended?.addEventListener("abort", abort, { once: true });
        to.postMessage({ kind: "call", id, name, given } satisfies Request);
      });
    },
  };
}
