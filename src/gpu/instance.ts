import type { CallList } from "./call-list.ts";
import type { Device } from "./device.ts";
import { type Command, encodeCommands, type Place } from "./encode.ts";
import { GpuError } from "./errors.ts";
import { touched, written } from "./plan.ts";
import { createStorage, type Storage } from "./storage.ts";
import { timeCommands, timeRuns } from "./timer.ts";

/** What an instance is made of. */
interface Parts {
  readonly commands: readonly Command[];
  /** Memory of results and taps. */
  readonly own: Map<Storage, GPUBuffer>;
  /** Real storage that the program uses and does not own. */
  readonly externals: readonly Storage[];
  readonly resolve: (storage: Storage) => Place;
  readonly onDispose: () => void;
}

/** A program bound to real memory: running it makes no object but the command buffer. */
export class InstanceOn<D extends Device, T> {
  readonly program: CallList<T>;
  /** The device it runs on. */
  readonly gpu: D;
  readonly #parts: Parts;
  readonly #reads = new Set<GPUBuffer>();
  readonly #writes = new Set<GPUBuffer>();
  readonly #lent = new Map<Storage, Storage>();
  #disposed = false;

  constructor(gpu: D, program: CallList<T>, parts: Parts) {
    this.gpu = gpu;
    this.program = program;
    this.#parts = parts;
    const outside = new Set([...parts.externals.map(({ buffer }) => buffer), ...parts.own.values()]);
    const add = (to: Set<GPUBuffer>, storage: Storage) => {
      if (program.plan.colours.has(storage)) return;
      const { buffer } = parts.resolve(storage);
      if (outside.has(buffer)) to.add(buffer);
    };
    for (const operation of program.operations) {
      for (const storage of touched(operation)) add(this.#reads, storage);
      for (const storage of written(operation)) add(this.#writes, storage);
    }
  }

  /**
   * Runs the program in one submit; `after` encodes more behind it. Throws `GpuError` when eager work that it could
   * meet is recorded and not submitted, which it would overtake (`await gpu.flush()` before), and when an input was
   * disposed or failed.
   */
  run(after?: (encoder: GPUCommandEncoder) => void): void {
    this.gpu.submit((encoder) => {
      this.encode(encoder);
      after?.(encoder);
    });
  }

  /** Adds the program to an encoder of the caller's, to be submitted at once. Throws as `run` does. */
  encode(encoder: GPUCommandEncoder): void {
    this.assertInputs();
    this.gpu.unsubmitted.assertApart("a program's run", this.#reads, this.#writes);
    encodeCommands(encoder, this.#parts.commands);
  }

  /** Throws unless everything that the program uses is there. */
  assertInputs(): void {
    if (this.#disposed) throw new GpuError("the instance was disposed");
    for (const { state, failure, label } of this.#parts.externals) {
      if (failure) throw failure;
      if (state === "disposed") throw new GpuError(`${label}: disposed, but a program still uses it`);
    }
  }

  /** Where a logical storage of the program really lies: results, taps and placeholders. Throws for a temporary. */
  place(storage: Storage): Place {
    return this.#parts.resolve(storage);
  }

  /**
   * The memory of a logical storage from the start of its buffer, lent: disposing it does not give the memory back, and
   * it ends with the instance.
   */
  lend(storage: Storage): Storage {
    let lent = this.#lent.get(storage);
    if (lent?.state !== "live") {
      const { buffer, offset } = this.place(storage);
      lent = createStorage(storage.label, offset + storage.bytes, buffer, { lent: true });
      this.#lent.set(storage, lent);
    }
    return lent;
  }

  /** GPU time of each dispatch in nanoseconds; needs `timestamp-query`. Slower than `run`: a pass for each. */
  async profile(): Promise<number[]> {
    this.assertInputs();
    this.gpu.unsubmitted.assertApart("a program's profile", this.#reads, this.#writes);
    return await timeCommands(this.gpu, this.#parts.commands);
  }

  /**
   * GPU time in nanoseconds of `repeats` runs, each followed by one of the `others`, in one submit. Needs
   * `timestamp-query`.
   */
  async time(repeats = 1, others: readonly InstanceOn<D, unknown>[] = []): Promise<number> {
    const instances = [this, ...others];
    for (const instance of instances) {
      instance.assertInputs();
      instance.gpu.unsubmitted.assertApart("a program's timing", instance.#reads, instance.#writes);
    }
    const commands = instances.flatMap((instance) => instance.#parts.commands);
    return await timeRuns(this.gpu, commands, repeats);
  }

  /** Gives the memory of results and taps back; submitted runs may still be under way. Twice is harmless. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const lent of this.#lent.values()) lent.state = "disposed";
    for (const buffer of this.#parts.own.values()) this.gpu.buffers.give(buffer);
    this.#parts.onDispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
