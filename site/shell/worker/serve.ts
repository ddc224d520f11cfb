// The worker's side: opens the device, and answers the page's calls.

import type { Gpu } from "../../../src/gpu/gpu.ts";
import { openDevice } from "../device/open.ts";
import type { Answer, CallsOf, Request } from "./protocol.ts";

/** The handlers of calls. */
export type Handlers<C extends CallsOf<C>> = {
  readonly [N in keyof C]: (
    given: C[N][0],
    context: { readonly signal: AbortSignal; readonly report: (progress: C[N][2]) => void },
  ) => Promise<C[N][1]>;
};

const post = (answer: Answer) => postMessage(answer);

/** Starts answering the page; `opened` is called with the device once there is one. */
export function serveCalls<C extends CallsOf<C>>(handlers: Handlers<C>, opened: (gpu: Gpu) => void): void {
  const running = new Map<number, AbortController>();

  async function answer(id: number, name: PropertyKey, given: unknown): Promise<void> {
    const ended = new AbortController();
    running.set(id, ended);
    try {
      const handle = handlers[name as keyof C] as (given: unknown, context: unknown) => Promise<unknown>;
      const report = (progress: unknown) => post({ kind: "progress", id, progress });
      const result = await handle(given, { signal: ended.signal, report });
      post({ kind: "result", id, result });
    } catch (error) {
      const { name: kind, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
      post({ kind: "failed", id, name: kind, message });
    } finally {
      running.delete(id);
    }
  }

  async function begin(sim: string | undefined): Promise<void> {
    const found = await openDevice(sim);
    if ("missing" in found) return post({ kind: "missing", ...found });
    const { gpu, facts } = found;
    opened(gpu);
    void gpu.device.lost.then(({ reason, message }) => post({ kind: "lost", detail: message || String(reason) }));
    post({ kind: "opened", facts });
  }

  addEventListener("message", ({ data }: MessageEvent<Request>) => {
    if (data.kind === "begin") void begin(data.sim);
    else if (data.kind === "abort") running.get(data.id)?.abort();
    else void answer(data.id, data.name, data.given);
  });
}
