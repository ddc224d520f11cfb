import { GpuError } from "../gpu/errors.ts";

/** What a lifetime depends on. */
export interface Owner {
  /** Throws when it no longer exists. */
  assertLive(): void;
}

/**
 * Whether a model or a session still exists. `dispose` ends it at once, and with it everything that it owns; uses under
 * way are stopped by `signal`, and memory is freed when the last of them has ended, so that none finds it gone.
 */
export class Lifetime {
  readonly #what: string;
  readonly #owner: Owner;
  readonly #free: () => void;
  readonly #ended = new AbortController();
  /** Owned lifetimes that hold memory. */
  readonly #parts = new Set<Lifetime>();
  #uses = 0;
  #freed = false;

  /** `what` is the subject of its error; `free` frees its memory, once. */
  constructor(what: string, owner: Owner, free: () => void) {
    this.#what = what;
    this.#owner = owner;
    this.#free = free;
  }

  /** Aborted by `dispose`; its reason is the error that says what was disposed. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Throws `GpuError` where this or its owner was disposed, or the device is gone. */
  assertLive(): void {
    this.signal.throwIfAborted();
    this.#owner.assertLive();
  }

  /** Marks the beginning of memory that `dispose` of this or of its owner frees. Throws as `assertLive` does. */
  begin(): void {
    this.assertLive();
    if (this.#owner instanceof Lifetime) this.#owner.#parts.add(this);
  }

  /** A use, until it is disposed: memory is not freed before. Throws as `assertLive` does. */
  use(): { [Symbol.dispose](): void } {
    this.begin();
    this.#uses++;
    return {
      [Symbol.dispose]: () => {
        this.#uses--;
        this.#settle();
      },
    };
  }

  /** Ends it; a second call has no effect. */
  dispose(): void {
    this.#end(new GpuError(`${this.#what} was disposed`));
  }

  #end(reason: GpuError): void {
    if (this.signal.aborted) return;
    this.#ended.abort(reason);
    for (const part of this.#parts) part.#end(reason);
    this.#settle();
  }

  #settle(): void {
    if (!this.signal.aborted || this.#freed || this.#uses > 0 || this.#parts.size > 0) return;
    this.#freed = true;
    this.#free();
    if (!(this.#owner instanceof Lifetime)) return;
    this.#owner.#parts.delete(this);
    this.#owner.#settle();
  }
}
