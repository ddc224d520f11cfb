import type { Device } from "../device/device.ts";
import { GpuError } from "../errors.ts";
import { createStorage, type Storage } from "../storage.ts";
import type { CallList } from "./call-list.ts";
import { type Command, encodeCommands, type Place } from "./encode.ts";
import { touched, written } from "./plan.ts";
import type { Operation } from "./recording.ts";

/** The parts of an instance. */
interface Parts {
  readonly commands: readonly Command[];
  /** Memory of the results and taps. */
  readonly own: Map<Storage, GPUBuffer>;
  /** Real storage that the program uses but does not own. */
  readonly externals: readonly Storage[];
  readonly resolve: (storage: Storage) => Place;
  /** The memory of any storage: a temporary's holds its contents only between the operations that use it. */
  readonly memoryOf: (storage: Storage) => Place;
  readonly onDispose: () => void;
}

/** A program bound to real memory: running it creates no object but the command buffer. */
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
   * Runs the program in one submit, or in `submits` of them if it takes long: pages can draw in between, and drivers
   * reset a GPU whose submit takes seconds. `after` encodes more commands after it. Throws `GpuError` when unsubmitted
   * eager work shares memory with it, since it would overtake that work (`await gpu.flush()` first), and when an input
   * was disposed or failed.
   */
  run(after?: (encoder: GPUCommandEncoder) => void, submits = 1): void {
    const { commands } = this.#parts;
    if (!Number.isInteger(submits) || submits < 1) {
      throw new GpuError(`run: submits is ${submits}, expected an integer from 1 on`);
    }
    const each = Math.ceil(commands.length / submits);
    for (let i = 0; i < submits; i++) {
      this.gpu.submit((encoder) => {
        this.#encode(encoder, submits > 1 ? commands.slice(i * each, (i + 1) * each) : commands);
        if (i === submits - 1) after?.(encoder);
      });
    }
  }

  /** Adds the program to an encoder of the caller's, to be submitted at once. Throws as `run` does. */
  encode(encoder: GPUCommandEncoder): void {
    this.#encode(encoder, this.#parts.commands);
  }

  #encode(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
    this.assertInputs();
    this.gpu.unsubmitted.assertApart("a program's run", this.#reads, this.#writes);
    encodeCommands(encoder, commands);
  }

  /** Throws unless everything that the program uses exists. */
  assertInputs(): void {
    if (this.#disposed) throw new GpuError("the instance was disposed");
    for (const { state, failure, label } of this.#parts.externals) {
      if (failure) throw failure;
      if (state === "disposed") throw new GpuError(`${label}: disposed, but a program still uses it`);
    }
  }

  /** The real memory of a logical storage of the program: a result, a tap or a placeholder. Throws for a temporary. */
  place(storage: Storage): Place {
    return this.#parts.resolve(storage);
  }

  /**
   * The memory of a logical storage from the start of its buffer, borrowed: disposing it does not free the memory,
   * which lives as long as the instance.
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

  /**
   * Runs the program one operation at a time, and calls `visit` after each, until that returns false. What the
   * operation wrote can be read until the next one runs. Memory that a temporary uses for the first time is cleared
   * first.
   */
  async step(visit: (operation: Operation, read: (storage: Storage) => Promise<ArrayBuffer>) => Promise<boolean>) {
    this.assertInputs();
    this.gpu.unsubmitted.assertApart("a program's steps", this.#reads, this.#writes);
    const seen = new Set<Storage>();
    const read = async (storage: Storage) => {
      const { buffer, offset, bytes = storage.bytes } = this.#parts.memoryOf(storage);
      const size = Math.ceil(bytes / 4) * 4;
      const staging = this.gpu.device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      try {
        this.gpu.submit((encoder) => encoder.copyBufferToBuffer(buffer, offset, staging, 0, size));
        await this.gpu.reports.soon(staging.mapAsync(GPUMapMode.READ));
        return staging.getMappedRange().slice(0);
      } finally {
        staging.destroy();
      }
    };
    for (const [i, operation] of this.program.operations.entries()) {
      const fresh = touched(operation).filter(
        (storage) => !seen.has(storage) && this.program.plan.colours.has(storage),
      );
      for (const storage of touched(operation)) seen.add(storage);
      this.gpu.submit((encoder) => {
        for (const storage of fresh) encoder.clearBuffer(this.#parts.memoryOf(storage).buffer);
        encodeCommands(encoder, this.#parts.commands.slice(i, i + 1));
      });
      if (!(await visit(operation, read))) return;
    }
  }

  /** GPU time of each dispatch in nanoseconds; requires `timestamp-query`. Slower than `run`: one pass per dispatch. */
  async profile(): Promise<number[]> {
    this.assertInputs();
    this.gpu.unsubmitted.assertApart("a program's profile", this.#reads, this.#writes);
    const { timeCommands } = await import("./timer.ts"); // few pages measure
    return await timeCommands(this.gpu, this.#parts.commands, encodeCommands);
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
    const { timeRuns } = await import("./timer.ts");
    return await timeRuns(this.gpu, commands, repeats, encodeCommands);
  }

  /** Frees the memory of the results and taps; submitted runs may still be under way. A second call has no effect. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const lent of this.#lent.values()) lent.state = "disposed";
    this.gpu.buffers.giveAll(this.#parts.own.values());
    this.#parts.onDispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
