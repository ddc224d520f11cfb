import type { Storage } from "../storage.ts";
import type { Call, CallHeading, Copy, Dispatch } from "./dispatch.ts";

/** One operation on the queue. */
export type Operation =
  | {
      readonly kind: "dispatch";
      readonly dispatch: Dispatch /** The block that it is part of. */;
      readonly block?: string;
    }
  | { readonly kind: "copy"; readonly copy: Copy };

/** A value that a block named while it was recorded, for example `layer.3.attention.q`. */
export interface Holder {
  /** Every storage that holds part of the value. */
  readonly storages: readonly Storage[];
}

/** What differentiation reads of a recording, and how it records a part of it again. */
export type RecordedCalls = Readonly<Pick<Recording, "calls" | "operations" | "named" | "temporaries">> &
  Pick<Recording, "repeat">;

/** How calls are recorded again. */
interface Repeat {
  /** A call whose result is reused, so that this one is not recorded. */
  readonly known: (heading: CallHeading) => Call | undefined;
  readonly made: (call: Call) => void;
}

/** A list of calls, in order: eager work until it is submitted, or what `record` keeps. */
export class Recording {
  readonly calls: Call[] = [];
  readonly operations: Operation[] = [];
  /** Storage made while recording: logical, without a buffer. */
  readonly temporaries = new Set<Storage>();
  readonly taps = new Map<string, Holder>();
  /** All values that blocks named, kept or not. */
  readonly named = new Map<string, Holder>();
  readonly wanted: (tap: string) => boolean;
  /** Set while a part of the list is recorded again: values keep the names that they have. */
  repeat: Repeat | undefined;
  #block = "";
  #call: Call | undefined;

  constructor(wanted: (tap: string) => boolean = () => false) {
    this.wanted = wanted;
  }

  append(dispatch: Dispatch): void {
    const call = this.#call;
    if (call) call.dispatches.push(dispatch);
    else this.#begin({ op: dispatch.kernel, variant: dispatch.kernel, options: {} }).dispatches.push(dispatch);
    this.operations.push({ kind: "dispatch", dispatch, block: this.#block });
  }

  tap(name: string, value: Holder): void {
    if (this.repeat) return;
    this.named.set(name, value);
    if (this.wanted(name)) this.taps.set(name, value);
  }

  copy(copy: Copy): void {
    this.operations.push({ kind: "copy", copy });
  }

  /** Runs `fn` with its operations marked as part of a block. */
  within<T>(block: string, fn: () => T): T {
    const outer = this.#block;
    this.#block = block;
    try {
      return fn();
    } finally {
      this.#block = outer;
    }
  }

  /** Runs `fn` with its dispatches gathered under one call. A call within a call belongs to the outer one. */
  group<T>(heading: CallHeading, fn: () => T): T {
    if (this.#call) return fn();
    const known = this.repeat?.known(heading);
    if (known) return known.result as T;
    const call = this.#begin(heading);
    this.#call = call;
    try {
      const result = fn();
      call.result = result;
      return result;
    } finally {
      this.#call = undefined;
    }
  }

  /** Adds a call without dispatches. */
  #begin(heading: CallHeading): Call {
    const call: Call = { ...heading, dispatches: [] };
    this.repeat?.made(call);
    this.calls.push(call);
    return call;
  }
}

/** Every `Holder` in a recorded function's result: the value itself, or in arrays and plain objects. */
export function holdersIn(value: unknown, depth = 0): Holder[] {
  if (typeof value !== "object" || value === null || depth > 4) return [];
  if (isHolder(value)) return [value];
  return Object.values(value).flatMap((item) => holdersIn(item, depth + 1));
}

function isHolder(value: object): value is Holder {
  return "storages" in value && Array.isArray(value.storages);
}
