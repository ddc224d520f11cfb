import type { EngineEvent, EngineOptions } from "../engine.ts";
import type { SentError } from "./errors.ts";

/** Messages from an engine's client. `id` is the client's number of a call or a stream. */
export type ToEngine =
  | { readonly type: "open"; readonly options: EngineOptions }
  | { readonly type: "call"; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly type: "stream"; readonly id: number; readonly method: string; readonly argument: unknown }
  /** Lets a stream continue by this many parts. */
  | { readonly type: "more"; readonly id: number; readonly parts: number }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "dispose" };

/** Messages from an engine. */
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

/** Handlers of messages. */
export type Handlers<M extends { readonly type: string }> = {
  readonly [T in M["type"]]: (message: Extract<M, { readonly type: T }>) => void;
};

/** Handles a message; ignores messages of other users of the channel. */
export function handle<M extends { readonly type: string }>(handlers: Handlers<M>, data: unknown): void {
  if (typeof data !== "object" || data === null) return;
  const { type } = data as M;
  if (Object.hasOwn(handlers, type)) handlers[type as M["type"]](data as never);
}

/** Fields of a port's events. */
export interface PortEvent {
  readonly data?: unknown;
  /** Of an error. */
  readonly message?: string;
}

/** The common interface of `Worker`, `MessagePort` and a worker's global scope. */
export interface EnginePort {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: PortEvent) => void): void;
  removeEventListener(type: string, listener: (event: PortEvent) => void): void;
  /** A `MessagePort` delivers nothing before this call. */
  start?(): void;
}

/** Parts computed ahead of the client: enough for a round trip. */
export const partsAhead = 16;
