import { signal } from "@preact/signals";
import { device, losses } from "../../shell/device/device.ts";
import { sim } from "../../shell/sim.ts";
import type { Answer, CallName, Calls, Request } from "./protocol.ts";

/** How a call is made. */
export interface CallOptions<N extends CallName> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Calls[N][2]) => void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: unknown) => void) | undefined;
}

let worker: Worker | undefined;
let calls = 0;
const waiting = new Map<number, Waiting>();

/** Counts the workers: what an earlier one held is gone. */
export const generation = signal(0);

/** A call's failure in the worker. */
export class WorkerFailure extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Starts the worker, in place of the one that there is; what was asked of that one fails. */
export function startWorker(): void {
  worker?.terminate();
  worker = undefined;
  failAll(new WorkerFailure("AbortError", "the worker was started anew"));
  generation.value++;
  device.value = { kind: "opening" };
  try {
    if (sim === "no-worker") throw new Error("simulated");
    const started = new Worker(new URL("./search-worker.ts", import.meta.url), { type: "module", name: "search" });
    started.addEventListener("message", ({ data }: MessageEvent<Answer>) => started === worker && take(data));
    started.addEventListener("error", ({ message }) => started === worker && noWorker(message ?? ""));
    worker = started;
    started.postMessage({ kind: "begin", sim } satisfies Request);
  } catch (error) {
    noWorker(error instanceof Error ? error.message : String(error));
  }
}

function noWorker(detail: string): void {
  device.value = { kind: "missing", missing: "no-worker", detail };
  failAll(new WorkerFailure("Error", `the worker failed: ${detail}`));
}

function failAll(error: Error): void {
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
}

function take(answer: Answer): void {
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
}

/** Has the worker do something. Throws what happened there, and the reason of `signal` as soon as it aborts. */
export function call<N extends CallName>(
  name: N,
  given: Calls[N][0],
  { signal: ended, onProgress }: CallOptions<N> = {},
): Promise<Calls[N][1]> {
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
        resolve(result as Calls[N][1]);
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
}
