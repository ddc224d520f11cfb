import type { LineProblem } from "../../shell/code/wgsl-editor.tsx";
import { device } from "../../shell/device/device.ts";
import { sim } from "../../shell/sim.ts";
import type { OwnFunction } from "../own/function.ts";
import type { BenchReport, BenchRequest } from "./protocol.ts";

let worker: Worker | undefined;
let listener: (report: BenchReport) => void = () => {};
const checks = new Map<number, { readonly own: OwnFunction; readonly done: (found: readonly LineProblem[]) => void }>();
let lastCheck = 0;

/** Sets the receiver of the measuring thread's reports. */
export const listen = (next: typeof listener): void => {
  listener = next;
};

/** Sends a request to the measuring thread, which is started when first needed. */
export function send(request: BenchRequest): void {
  worker ??= startWorker();
  worker?.postMessage(request);
}

function startWorker(): Worker | undefined {
  const failed = (message: string) => {
    checks.clear(); // they would restart it endlessly
    endWorker();
    listener({ kind: "missing", missing: "no-worker", detail: message });
  };
  try {
    if (sim === "no-worker") throw new Error("simulated");
    const started = new Worker(new URL("./bench-worker.ts", import.meta.url), { type: "module", name: "bench" });
    started.addEventListener("message", ({ data }: MessageEvent<BenchReport>) => {
      if (started !== worker) return; // a late message of an ended thread
      if (data.kind !== "checked") return listener(data);
      checks.get(data.id)?.done(data.problems);
      checks.delete(data.id);
    });
    started.addEventListener("error", ({ message }) => failed(message));
    return started;
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Ends the thread, its work and its device; the next request starts another. */
export function endWorker(): void {
  worker?.terminate();
  worker = undefined;
  for (const [id, { own }] of checks) queueMicrotask(() => send({ kind: "check", sim, id, own }));
}

/** Opens the device, or reopens it after a loss. */
export function openDevice(): void {
  device.value = { kind: "opening" };
  send({ kind: "open", sim });
}

/** The problems of a function, found by compiling it; waits for a current run. */
export function checkInWorker(own: OwnFunction): Promise<readonly LineProblem[]> {
  return new Promise((done) => {
    const id = ++lastCheck;
    checks.set(id, { own, done });
    send({ kind: "check", sim, id, own });
  });
}
