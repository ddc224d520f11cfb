import { GpuError } from "./errors.ts";
import type { Holder } from "./program/recording.ts";
import type { Storage } from "./storage.ts";

/** Temporaries made while it is open are disposed when it closes: `using scope = gpu.scope()`. */
export interface Scope {
  /** Lets a value outlive the scope; it then belongs to the scope around it, if there is one. */
  keep<T extends Holder>(value: T): T;
  [Symbol.dispose](): void;
}

/** The open scopes of a device, the innermost last, with the storages that belong to each. */
export class Scopes {
  readonly #open: Set<Storage>[] = [];
  readonly #release: (storage: Storage) => void;

  constructor(release: (storage: Storage) => void) {
    this.#release = release;
  }

  /** Adds a storage to the innermost scope. */
  add(storage: Storage): void {
    this.#open.at(-1)?.add(storage);
  }

  /** Removes a released storage from its scope. */
  forget(storage: Storage): void {
    for (const owned of this.#open) owned.delete(storage);
  }

  open(): Scope {
    const owned = new Set<Storage>();
    const around = this.#open.at(-1);
    this.#open.push(owned);
    return {
      keep: (value) => {
        for (const storage of value.storages) if (owned.delete(storage)) around?.add(storage);
        return value;
      },
      [Symbol.dispose]: () => {
        const at = this.#open.indexOf(owned);
        if (at < 0) return;
        this.#open.splice(at, 1); // in any order: a scope left open would own everything made from now on
        for (const storage of owned) this.#release(storage);
        if (at === this.#open.length) return;
        throw new GpuError(
          "a scope was closed while a later one is still open, which may own what was made for this one",
        );
      },
    };
  }

  /** Runs `fn`; tensors that it makes belong to no scope. */
  without<T>(fn: () => T): T {
    this.#open.push(new Set());
    try {
      return fn();
    } finally {
      this.#open.pop();
    }
  }
}
