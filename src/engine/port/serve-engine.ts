import { onAbort } from "../../options/abort.ts";
import type { Calls, Core, Streams } from "../core.ts";
import { openCore } from "../direct/core.ts";
import type { EngineOptions } from "../engine.ts";
import { RequestError } from "../request-error.ts";
import { sentError } from "./errors.ts";
import { type EnginePort, type FromEngine, type Handlers, handle, type ToEngine } from "./messages.ts";

/** A running call or stream. */
interface Running {
  readonly controller: AbortController;
  /** Lets a stream continue. */
  more(parts: number): void;
}

/**
 * Answers the messages of `createWorkerEngine` on a port, by default the current worker's own, with an engine in this
 * thread.
 */
export function serveEngine(port: EnginePort = globalThis as unknown as EnginePort): void {
  const running = new Map<number, Running>();
  let core: Promise<Core> | undefined;
  const send = (message: FromEngine) => port.postMessage(message);

  async function open(options: EngineOptions): Promise<void> {
    try {
      core = openCore(options);
      (await core).listen((event) => send({ type: "event", event }));
      send({ type: "opened" });
    } catch (error) {
      send({ type: "failed", error: sentError(error) });
    }
  }

  /** Runs the work of a message and sends its result or error. */
  async function run(id: number, work: (core: Core, entry: AbortSignal) => Promise<unknown>, more: Running["more"]) {
    const controller = new AbortController();
    running.set(id, { controller, more });
    try {
      if (!core) throw new RequestError("the engine is not open");
      send({ type: "done", id, value: await work(await core, controller.signal) });
    } catch (error) {
      send({ type: "error", id, error: sentError(error) });
    } finally {
      running.delete(id);
    }
  }

  function call(id: number, method: keyof Calls, argument: never): void {
    const work = (to: Core, signal: AbortSignal) =>
      to.call(method, argument, signal, (progress) => send({ type: "progress", id, progress }));
    void run(id, work, () => {});
  }

  function stream(id: number, method: keyof Streams, argument: never): void {
    let credit = 0;
    let wake: () => void = () => {};
    async function work(to: Core, signal: AbortSignal): Promise<unknown> {
      const parts = to.stream(method, argument, signal);
      const unlisten = onAbort(signal, () => wake());
      try {
        for (;;) {
          while (credit === 0 && !signal.aborted) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          const { done, value } = await parts.next();
          if (done) return value;
          credit--;
          send({ type: "part", id, value });
        }
      } finally {
        unlisten();
      }
    }
    void run(id, work, (count) => {
      credit += count;
      wake();
    });
  }

  async function dispose(): Promise<void> {
    for (const { controller } of running.values()) controller.abort();
    await (await core?.catch(() => undefined))?.dispose();
    core = undefined;
    send({ type: "disposed" });
  }

  const handlers: Handlers<ToEngine> = {
    open: ({ options }) => void open(options),
    call: ({ id, method, argument }) => call(id, method as keyof Calls, argument as never),
    stream: ({ id, method, argument }) => stream(id, method as keyof Streams, argument as never),
    more: ({ id, parts }) => running.get(id)?.more(parts),
    abort: ({ id }) => running.get(id)?.controller.abort(),
    dispose: () => void dispose(),
  };
  port.addEventListener("message", ({ data }) => handle(handlers, data));
  port.start?.();
}
