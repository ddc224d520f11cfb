import { callback, checkOptions, fieldsOf } from "../options/checks.ts";
import { Device } from "./device/device.ts";
import { GpuError } from "./errors.ts";
import type { CallHeading, Copy, Dispatch } from "./program/dispatch.ts";
import { EagerWork } from "./program/eager.ts";
import { InstanceOn } from "./program/instance.ts";
import { ProgramOn } from "./program/program.ts";
import { type Holder, holdersIn, type Operation, type RecordedCalls, Recording } from "./program/recording.ts";
import { type Scope, Scopes } from "./scopes.ts";
import { createStorage, type Storage } from "./storage.ts";

/** Reusable buffers for mapped reads, by size. */
class ReadBack {
  readonly #gpu: Device;
  readonly #free = new Map<number, GPUBuffer[]>();

  constructor(gpu: Device) {
    this.#gpu = gpu;
  }

  /** A buffer to copy into and map; it must be released unmapped. */
  take(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, bytes)));
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.#free.get(size)?.pop() ?? this.#gpu.device.createBuffer({ label: "staging", size, usage });
  }

  give(buffer: GPUBuffer): void {
    if (buffer.size > 1 << 20) {
      buffer.destroy(); // large read-backs are rare; keeping their memory would be wasteful
      return;
    }
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
  }

  /** Reads the first bytes of a buffer after the submitted copies into it, and releases the buffer. */
  async contents(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const gpu = this.#gpu;
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    try {
      await gpu.reports.soon(staging.mapAsync(GPUMapMode.READ, 0, size));
    } catch (cause) {
      throw await gpu.explain(new GpuError(`${gpu.adapter.label}: reading ${bytes} bytes back failed`, { cause }));
    }
    const copy = staging.getMappedRange(0, size).slice(0, bytes);
    staging.unmap();
    this.give(staging);
    gpu.assertUsable();
    return copy;
  }
}

/** A program recorded by `Gpu.record`. */
export type Program<T> = ProgramOn<Gpu, T>;
/**
 * A recorded list of calls over logical storage, which `instantiate` binds to memory: the class that `record` returns.
 */
export const Program = ProgramOn;

/** A recorded program bound to a device's memory by `instantiate`. */
export type Instance<T> = InstanceOn<Gpu, T>;
/** A program bound to real memory, which can run: the class that `instantiate` returns. */
export const Instance = InstanceOn;

/**
 * A device that holds tensors, the recording in progress and the eager work that waits to be submitted. Made by
 * `openGpu`.
 */
export class Gpu extends Device {
  readonly #eager = new EagerWork(this);
  readonly #readBack = new ReadBack(this);
  readonly #scopes = new Scopes((storage) => this.release(storage));
  #recording: Recording | undefined;

  /** Storage for a result: pooled when eager, logical while recording. Belongs to the innermost open scope. */
  allocate(label: string, bytes: number): Storage {
    this.assertUsable();
    if (this.#recording) {
      const storage = createStorage(label, bytes);
      this.#recording.temporaries.add(storage);
      return storage;
    }
    const storage = createStorage(label, bytes, this.buffers.take(label, bytes));
    this.#scopes.add(storage);
    return storage;
  }

  /** Storage with initial contents, zeros until `fill` changes them; never logical, so a recording may use it. */
  upload(label: string, bytes: number, fill: (memory: ArrayBuffer) => void): Storage {
    this.assertUsable();
    const storage = createStorage(label, bytes, this.buffers.createFilled(label, bytes, fill));
    if (!this.#recording) this.#scopes.add(storage);
    return storage;
  }

  /** Storage of zeros with a buffer of exactly this size, which is freed when it is released; never logical. */
  allocateUnpooled(label: string, bytes: number): Storage {
    this.assertUsable();
    const storage = createStorage(label, bytes, this.buffers.createUnpooled(label, bytes));
    if (!this.#recording) this.#scopes.add(storage);
    return storage;
  }

  /** Returns storage to the pool. Recorded and running eager work may still use it. A second call has no effect. */
  release(storage: Storage): void {
    if (storage.state === "disposed") return;
    storage.state = "disposed";
    this.#scopes.forget(storage);
    if (storage.buffer && !storage.lent && !this.closed) this.buffers.give(storage.buffer);
  }

  /**
   * Opens a scope; scopes close in the reverse of the order in which they were opened. Every tensor that an op or a
   * caller makes while it is open belongs to it. Scopes are not task-local: of several concurrent tasks only one may
   * keep a scope open across an `await`. Tensors that models, sessions and generations make belong to them and to no
   * scope.
   */
  scope(): Scope {
    return this.#scopes.open();
  }

  /**
   * Runs `fn`; tensors that it makes belong to no scope and live until they are disposed: for owners that outlive the
   * code that calls them, such as a model or a cache.
   */
  unscoped<T>(fn: () => T): T {
    return this.#scopes.without(fn);
  }

  /** Adds a dispatch to the recording in progress, else to the eager work that the next read submits. */
  append(dispatch: Dispatch): void {
    this.assertUsable();
    for (const { name, storage } of dispatch.bindings) assertLive(storage, `${dispatch.kernel}: ${name}`);
    (this.#recording ?? this.#eager).append(dispatch);
  }

  /** Adds a copy between storages, in order with dispatches. */
  copy(copy: Copy): void {
    this.assertUsable();
    assertLive(copy.from, "copy: from");
    assertLive(copy.to, "copy: to");
    assertRange(copy.from, copy.fromOffset, copy.bytes);
    assertRange(copy.to, copy.toOffset, copy.bytes);
    (this.#recording ?? this.#eager).copy(copy);
  }

  /** Gathers the dispatches of `fn` under one call of an op. */
  group<T>(heading: CallHeading, fn: () => T): T {
    return (this.#recording ?? this.#eager).group(heading, fn);
  }

  /** What is recorded so far; undefined outside of `record`. */
  get recorded(): RecordedCalls | undefined {
    return this.#recording;
  }

  /** Runs `fn`; what it records is part of the block of this name, for example `layer.3.attention`. */
  within<T>(block: string, fn: () => T): T {
    return this.#recording ? this.#recording.within(block, fn) : fn();
  }

  /** Names a value while recording; it is kept when `record({ taps })` names it. */
  tap(name: string, value: Holder): void {
    this.#recording?.tap(name, value);
  }

  /** True while a recording runs that keeps a value of this name. */
  isTapped(name: string): boolean {
    return this.#recording?.wanted(name) ?? false;
  }

  /** True while `record` runs. */
  get recording(): boolean {
    return this.#recording !== undefined;
  }

  /**
   * Records what `fn` does instead of running it. `fn` is synchronous. Tensors of its result and the requested taps
   * have separate memory; all other temporaries share buffers.
   */
  record<T>(fn: () => T, options: { taps?: (name: string) => boolean } = {}): Program<T> {
    checkOptions("record", recordFields, options);
    this.assertUsable();
    if (this.#recording) throw new GpuError("record was called while recording");
    const recording = new Recording(options.taps);
    const result = this.#recordInto(recording, fn);
    if (isThenable(result)) {
      Promise.resolve(result).catch(() => undefined); // it may fail outside of the recording; the error below is the cause
      throw new GpuError("the recorded function returned a promise; recording is synchronous");
    }
    const kept = [...holdersIn(result), ...recording.taps.values()].flatMap(({ storages }) => storages);
    return new ProgramOn<Gpu, T>(this, recording, result, kept);
  }

  /** What `fn` would record, as operations that belong to no recording and never run. */
  sketch(fn: () => void): readonly Operation[] {
    const recording = new Recording();
    this.#recordInto(recording, fn);
    return recording.operations;
  }

  #recordInto<T>(recording: Recording, fn: () => T): T {
    const outer = this.#recording;
    this.#recording = recording;
    try {
      return fn();
    } finally {
      this.#recording = outer;
    }
  }

  /**
   * Submits the eager work collected so far, after compiling what it needs. Throws the first failure: a shader that
   * does not compile, a failed allocation, a lost device. Results of the failed part count as failed, and reading them
   * throws too; the rest has run.
   */
  flush(): Promise<void> {
    return this.#eager.flush().then(() => this.settle());
  }

  /**
   * Writes bytes, multiples of 4, into storage: after all work recorded before the call, and before all recorded after
   * it. Programs see them once the promise has resolved.
   */
  async write(storage: Storage, offset: number, data: Uint8Array<ArrayBuffer>): Promise<void> {
    this.assertUsable();
    const buffer = bufferOf(storage, "write");
    assertRange(storage, offset, data.byteLength);
    await this.#eager.write(buffer, offset, data.slice());
    if (offset === 0 && data.byteLength === storage.bytes) storage.failure = undefined;
  }

  /** Copies bytes of storage back to the CPU, as they are after all work submitted and recorded so far. */
  async read(storage: Storage, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.assertUsable();
    if (storage.failure) throw storage.failure;
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    bufferOf(storage, "read");
    assertRange(storage, offset, size);
    const staging = this.takeStaging(size);
    const target = createStorage(storage.label, size, staging, { lent: true });
    this.#eager.copy({ from: storage, fromOffset: offset, to: target, toOffset: 0, bytes: size });
    await this.#eager.flush().catch(() => undefined); // the failure of other work is not reported here
    if (!target.failure) return await this.#readBack.contents(staging, bytes);
    this.giveStaging(staging);
    throw target.failure;
  }

  /** A buffer to map for reading; it must be released unmapped. */
  takeStaging(bytes: number): GPUBuffer {
    return this.#readBack.take(bytes);
  }

  giveStaging(buffer: GPUBuffer): void {
    this.#readBack.give(buffer);
  }
}

const recordFields = fieldsOf({ taps: callback });

function assertLive(storage: Storage, what: string): void {
  if (storage.state === "disposed") throw new GpuError(`${what} (${storage.label}) was disposed`);
}

function assertRange(storage: Storage, offset: number, bytes: number): void {
  if (offset % 4 === 0 && bytes % 4 === 0 && offset >= 0 && bytes >= 0 && offset + bytes <= storage.bytes) return;
  throw new GpuError(
    `${storage.label}: bytes ${offset} to ${offset + bytes}, expected multiples of 4 up to ${storage.bytes}`,
  );
}

function bufferOf(storage: Storage, what: string): GPUBuffer {
  assertLive(storage, what);
  if (!storage.buffer) {
    throw new GpuError(`${storage.label}: belongs to a recorded program; instantiate it and ${what} that`);
  }
  return storage.buffer;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
