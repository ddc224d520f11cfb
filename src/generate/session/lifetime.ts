import { GpuError } from "../../gpu/errors.ts";

/** What a lifetime depends on. */
export interface Owner {
  /** Throws when it no longer exists. */
  assertLive(): void;
}

/**
 * Whether a model or a session still exists. `dispose` ends it and everything that it owns immediately; running uses
 * are stopped by `signal`, and memory is freed after the last of them has ended.
 */
export class Lifetime {
  readonly #what: string;
  readonly #owner: Owner;
  readonly #free: () => void;
  readonly #ended = new AbortController();
  /** Owned lifetimes with memory. */
  readonly #parts = new Set<Lifetime>();
  #uses = 0;
  #freed = false;

  /** `what` is the subject of its error; `free` frees its memory, once. */
  constructor(what: string, owner: Owner, free: () => void) {
    this.#what = what;
    this.#owner = owner;
    this.#free = free;
  }

  /** Aborted by `dispose`, with an error that names what was disposed as reason. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Throws `GpuError` if this or its owner was disposed, or the device is lost. */
  assertLive(): void {
    this.signal.throwIfAborted();
    this.#owner.assertLive();
  }

  /** Marks that memory is now allocated, to be freed by `dispose` of this or its owner. Throws as `assertLive` does. */
  begin(): void {
    this.assertLive();
    if (this.#owner instanceof Lifetime) this.#owner.#parts.add(this);
  }

  /** A use, which keeps memory alive until disposed. Throws as `assertLive` does. */
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
