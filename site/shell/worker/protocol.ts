import type { DeviceFacts, Missing } from "../device/device.ts";

/** Calls of a page to its worker: what is given, what comes back, and what comes in between. */
export type CallsOf<C> = { readonly [N in keyof C]: readonly [given: unknown, result: unknown, progress: unknown] };

/** What a page sends. */
export type Request =
  | { readonly kind: "begin"; readonly sim: string | undefined }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "call"; readonly id: number; readonly name: PropertyKey; readonly given: unknown };

/** What a worker sends. */
export type Answer =
  | { readonly kind: "opened"; readonly facts: DeviceFacts }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string }
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly name: string; readonly message: string };
