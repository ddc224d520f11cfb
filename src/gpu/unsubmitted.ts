import { GpuError } from "./errors.ts";
import { touched, written } from "./plan.ts";
import type { Operation } from "./recording.ts";
import type { Storage } from "./storage.ts";

/** The lists of eager work that are not submitted yet; immediate submits overtake them. */
export class Unsubmitted {
  readonly #lists = new Set<readonly Operation[]>();

  /** Adds a list, to which more may be appended, until `delete` marks it as submitted. */
  add(list: readonly Operation[]): void {
    this.#lists.add(list);
  }

  delete(list: readonly Operation[]): void {
    this.#lists.delete(list);
  }

  /** Throws when one of the lists uses one of these buffers and either use writes it. */
  assertApart(what: string, reads: ReadonlySet<GPUBuffer>, writes: ReadonlySet<GPUBuffer>): void {
    const storage = this.#conflict(reads, writes);
    if (storage) throw new GpuError(`${what}: work on ${storage.label} is not submitted yet; await gpu.flush() before`);
  }

  #conflict(reads: ReadonlySet<GPUBuffer>, writes: ReadonlySet<GPUBuffer>): Storage | undefined {
    for (const operations of this.#lists) {
      for (const operation of operations) {
        const changed = new Set(written(operation));
        for (const storage of touched(operation)) {
          const { buffer } = storage;
          if (buffer && (writes.has(buffer) || (changed.has(storage) && reads.has(buffer)))) return storage;
        }
      }
    }
    return undefined;
  }
}
