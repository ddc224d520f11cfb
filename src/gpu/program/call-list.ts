import type { Storage } from "../storage.ts";
import type { Call, Dispatch } from "./dispatch.ts";
import { type MemoryPlan, planMemory, touched } from "./plan.ts";
import type { Holder, Operation, Recording } from "./recording.ts";

/** A recording: calls over logical storage, the memory that they need, and the recorded function's result. */
export class CallList<T> {
  readonly calls: readonly Call[];
  readonly operations: readonly Operation[];
  readonly result: T;
  /** Values that blocks named and `record({ taps })` keeps. */
  readonly taps: ReadonlyMap<string, Holder>;
  readonly plan: MemoryPlan;
  /** Storages of the result and the taps: temporaries that share no memory. */
  readonly kept: readonly Storage[];
  readonly #temporaries: ReadonlySet<Storage>;

  constructor(recording: Recording, result: T, kept: readonly Storage[]) {
    this.calls = recording.calls;
    this.operations = recording.operations;
    this.taps = recording.taps;
    this.result = result;
    this.#temporaries = recording.temporaries;
    this.kept = [...new Set(kept)].filter((storage) => recording.temporaries.has(storage));
    const shared = new Set(recording.temporaries);
    for (const storage of this.kept) shared.delete(storage);
    this.plan = planMemory(this.operations, shared);
  }

  get dispatches(): Dispatch[] {
    return this.operations.flatMap((operation) => (operation.kind === "dispatch" ? [operation.dispatch] : []));
  }

  /** Bytes of the buffers shared by temporaries. */
  get temporaryBytes(): number {
    return this.plan.sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The storages from outside that are read or written. */
  get externals(): Storage[] {
    return [...new Set(this.operations.flatMap(touched))].filter((storage) => !this.#temporaries.has(storage));
  }
}
