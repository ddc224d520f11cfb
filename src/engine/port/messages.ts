import type { EngineEvent, EngineOptions } from "../engine.ts";
import type { SentError } from "./errors.ts";

/** What the client of an engine sends. `id` is the client's number of a call or a stream. */
export type ToEngine =
  | { readonly type: "open"; readonly options: EngineOptions }
  | { readonly type: "call"; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly type: "stream"; readonly id: number; readonly method: string; readonly argument: unknown }
  /** Lets a stream go on by this many parts. */
  | { readonly type: "more"; readonly id: number; readonly parts: number }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "dispose" };

/** What an engine sends. */
export type FromEngine =
  | { readonly type: "opened" }
  /** The engine could not be opened. */
  | { readonly type: "failed"; readonly error: SentError }
  | { readonly type: "part"; readonly id: number; readonly value: unknown }
  | { readonly type: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: SentError }
  | { readonly type: "event"; readonly event: EngineEvent }
  | { readonly type: "disposed" };

/** What to do with each message. */
export type Handlers<M extends { readonly type: string }> = {
  readonly [T in M["type"]]: (message: Extract<M, { readonly type: T }>) => void;
};

/** Does what is to be done with a message; others may use the same channel, whose messages are left alone. */
export function handle<M extends { readonly type: string }>(handlers: Handlers<M>, data: unknown): void {
  if (typeof data !== "object" || data === null) return;
  const { type } = data as M;
  if (Object.hasOwn(handlers, type)) handlers[type as M["type"]](data as never);
}

/** What an event of a port may say. */
export interface PortEvent {
  readonly data?: unknown;
  /** Of an error. */
  readonly message?: string;
}

/** What a `Worker`, a `MessagePort` and the global of a worker have in common. */
export interface EnginePort {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: PortEvent) => void): void;
  removeEventListener(type: string, listener: (event: PortEvent) => void): void;
  /** A `MessagePort` delivers nothing before. */
  start?(): void;
}

/** Parts that an engine computes ahead of what the client has taken: enough for the way there and back. */
export const partsAhead = 16;
