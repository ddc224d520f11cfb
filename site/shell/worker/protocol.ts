import type { DeviceFacts, Missing } from "../device/device.ts";

/** Calls of a page to its worker: argument, result and progress. */
export type CallsOf<C> = { readonly [N in keyof C]: readonly [given: unknown, result: unknown, progress: unknown] };

/** Messages from a page. */
export type Request =
  | { readonly kind: "begin"; readonly sim: string | undefined }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "call"; readonly id: number; readonly name: PropertyKey; readonly given: unknown };

/** Messages from a worker. */
export type Answer =
  | { readonly kind: "opened"; readonly facts: DeviceFacts }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string }
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly name: string; readonly message: string };
