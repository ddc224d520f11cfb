import { GpuError } from "../../gpu/errors.ts";
import { onAbort } from "../../options/abort.ts";
import { OptionError } from "../../options/errors.ts";
import type { Core } from "../core.ts";
import type { EngineEvent, EngineOptions } from "../engine.ts";
import { receivedError } from "./errors.ts";
import {
  type EnginePort,
  type FromEngine,
  type Handlers,
  handle,
  type PortEvent,
  partsAhead,
  type ToEngine,
} from "./messages.ts";

/** A pending call or stream. */
interface Waiting {
  readonly part?: (value: unknown) => void;
  readonly progress?: ((progress: never) => void) | undefined;
  readonly done: (value: unknown) => void;
  readonly error: (error: unknown) => void;
}

/** Opens an engine on the other side of `port`, where `serveEngine` answers. Throws the error of opening it. */
export async function openPort(port: EnginePort, options: EngineOptions): Promise<Core> {
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(event: EngineEvent) => void>();
  let ids = 0;
  let failure: Error | undefined;
  let opened: (outcome: Error | undefined) => void = () => {};
  let closed: () => void = () => {};

  function send(message: ToEngine): void {
    if (failure) throw failure;
    try {
      port.postMessage(message);
    } catch (cause) {
      const { method } = message as { readonly method?: string };
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new OptionError(`${method ?? message.type}: this cannot be sent to another thread: ${problem}`);
    }
  }

  function fail(error: Error): void {
    failure ??= error;
    opened(failure);
    closed();
    for (const { error: reject } of [...waiting.values()]) reject(failure);
    waiting.clear();
  }

  const handlers: Handlers<FromEngine> = {
    opened: () => opened(undefined),
    failed: ({ error }) => fail(receivedError(error)),
    event({ event }) {
      for (const listener of [...listeners]) listener(event);
    },
    part: ({ id, value }) => waiting.get(id)?.part?.(value),
    progress: ({ id, progress }) => waiting.get(id)?.progress?.(progress as never),
    done: ({ id, value }) => ended(id)?.done(value),
    error: ({ id, error }) => ended(id)?.error(receivedError(error)),
    disposed: () => closed(),
  };
  const receive = ({ data }: PortEvent) => handle(handlers, data);

  function ended(id: number): Waiting | undefined {
    const known = waiting.get(id);
    waiting.delete(id);
    return known;
  }

  function leave(): void {
    port.removeEventListener("message", receive);
    port.removeEventListener("close", closing);
  }

  const abort = (id: number) => {
    if (waiting.has(id) && !failure) send({ type: "abort", id });
  };

  /** A worker whose script cannot be loaded, or fails, sends an event. */
  const broken = ({ message }: PortEvent) =>
    fail(new GpuError(`the worker could not be started${message ? `: ${message}` : ", or its script not be loaded"}`));
  const closing = () => fail(new GpuError("the other end of the port was closed"));
  port.addEventListener("message", receive);
  port.addEventListener("error", broken);
  port.addEventListener("close", closing);
  port.start?.();
  const opening = new Promise<Error | undefined>((resolve) => {
    opened = resolve;
  });
  send({ type: "open", options });
  const problem = await opening;
  port.removeEventListener("error", broken); // from now on, an error there concerns a single call
  if (problem) {
    leave();
    throw problem;
  }

  return {
    async call(method, argument, signal, report) {
      signal?.throwIfAborted();
      const id = ids++;
      const answer = new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { done: resolve, error: reject, progress: report });
        send({ type: "call", id, method, argument });
      });
      const unlisten = onAbort(signal ?? undefined, () => abort(id));
      try {
        return (await answer) as never;
      } catch (error) {
        // Abort reasons are not sent.
        throw signal?.aborted && error instanceof DOMException ? signal.reason : error;
      } finally {
        unlisten();
        waiting.delete(id);
      }
    },
    stream: (method, argument, signal) =>
      parts({ open: (id) => send({ type: "stream", id, method, argument }), signal: signal ?? undefined }) as never,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async dispose() {
      if (failure) return;
      const gone = new Promise<void>((resolve) => {
        closed = resolve;
      });
      send({ type: "dispose" });
      await gone;
      fail(new GpuError("this engine was disposed"));
      leave();
    },
  };

  /** A stream's parts; the engine computes some ahead. */
  async function* parts({ open, signal }: { open: (id: number) => void; signal: AbortSignal | undefined }) {
    const id = ids++;
    const kept: unknown[] = [];
    let outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
    let wake: () => void = () => {};
    const settle = (end: NonNullable<typeof outcome>) => {
      outcome = end;
      wake();
    };
    waiting.set(id, {
      part: (value) => {
        kept.push(value);
        wake();
      },
      done: (value) => settle({ value }),
      error: (error) => settle({ error }),
    });
    let unlisten: () => void = () => {};
    try {
      open(id);
      send({ type: "more", id, parts: partsAhead });
      unlisten = onAbort(signal, () => abort(id));
      for (;;) {
        if (kept.length > 0) {
          const value = kept.shift();
          if (!outcome) send({ type: "more", id, parts: 1 });
          yield value;
        } else if (outcome) {
          if ("error" in outcome) throw outcome.error;
          return outcome.value;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      unlisten();
      if (!outcome) abort(id); // abandoned
      waiting.delete(id);
    }
  }
}
