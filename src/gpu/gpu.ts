import type { AdapterInfo } from "./adapter.ts";
import { BufferPool } from "./buffers.ts";
import type { Copy, Dispatch } from "./dispatch.ts";
import { EagerWork } from "./eager.ts";
import { GpuError } from "./errors.ts";
import { type Limits, Pipelines } from "./pipelines.ts";
import { Program } from "./program.ts";
import { ReadBack } from "./read-back.ts";
import { type Holder, holdersIn, Recording } from "./recording.ts";
import { createStorage, type Storage } from "./storage.ts";

/** Temporaries made while it is open are disposed when it closes: `using scope = gpu.scope()`. */
export interface Scope {
  /** Lets a value outlive the scope; it then belongs to the scope around it, if there is one. */
  keep<T extends Holder>(value: T): T;
  [Symbol.dispose](): void;
}

/** A device with everything that lives on it. Made by `openGpu`. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Limits;
  readonly buffers: BufferPool;
  readonly pipelines: Pipelines;
  /** Command buffers submitted so far. */
  submits = 0;
  /** Bind groups made so far: a decode step must not add to it. */
  bindGroups = 0;
  readonly #eager: EagerWork;
  #recording: Recording | undefined;
  readonly #scopes: Set<Storage>[] = [];
  #failure: Error | undefined;
  #closed = false;
  readonly #warm = new WeakSet<GPUComputePipeline>();
  readonly #readBack = new ReadBack(this);

  constructor(device: GPUDevice, adapter: AdapterInfo, limits: Limits) {
    this.device = device;
    this.adapter = adapter;
    this.limits = limits;
    this.features = new Set(device.features);
    this.#eager = new EagerWork(this);
    this.buffers = new BufferPool(device, limits.buffer, (buffer) => this.#eager.forget(buffer));
    this.pipelines = new Pipelines(device, limits);
    device.addEventListener("uncapturederror", (event) => {
      this.#failure ??= new GpuError(`${adapter.label}: ${event.error.message}`);
    });
    void device.lost.then((info) => {
      if (!this.#closed) this.#failure = new GpuError(`${adapter.label}: the device was lost: ${info.message}`);
    });
  }

  /** Throws when the device is closed or lost, or a program's submit was invalid. */
  assertUsable(): void {
    if (this.#closed) throw new GpuError(`${this.adapter.label}: this device was closed`);
    if (this.#failure) throw this.#failure;
  }

  /** Storage for a result: pooled when eager, logical while recording. Belongs to the innermost open scope. */
  allocate(label: string, bytes: number): Storage {
    this.assertUsable();
    if (this.#recording) {
      const storage = createStorage(label, bytes);
      this.#recording.temporaries.add(storage);
      return storage;
    }
    const storage = createStorage(label, bytes, this.buffers.take(label, bytes));
    this.#scopes.at(-1)?.add(storage);
    return storage;
  }

  /** Storage with first contents, zeros until `fill` changes them; never logical, so a recording may use it. */
  upload(label: string, bytes: number, fill: (memory: ArrayBuffer) => void): Storage {
    this.assertUsable();
    const storage = createStorage(label, bytes, this.buffers.createFilled(label, bytes, fill));
    if (!this.#recording) this.#scopes.at(-1)?.add(storage);
    return storage;
  }

  /** Gives storage back to the pool. Recorded and running eager work may still use it. Twice is harmless. */
  release(storage: Storage): void {
    if (storage.state === "disposed") return;
    storage.state = "disposed";
    for (const scope of this.#scopes) scope.delete(storage);
    if (storage.buffer && !storage.lent && !this.#closed) this.buffers.give(storage.buffer);
  }

  /**
   * Opens a scope; scopes close in the reverse of the order in which they were opened. What is made while it is open
   * belongs to it, whoever makes it: code inside of a scope does not await.
   */
  scope(): Scope {
    const owned = new Set<Storage>();
    const around = this.#scopes.at(-1);
    this.#scopes.push(owned);
    return {
      keep: (value) => {
        for (const storage of value.storages) if (owned.delete(storage)) around?.add(storage);
        return value;
      },
      [Symbol.dispose]: () => {
        if (this.#scopes.at(-1) !== owned) throw new GpuError("a scope was closed while a later one is still open");
        this.#scopes.pop();
        for (const storage of owned) this.release(storage);
      },
    };
  }

  /** Runs `fn`; what it makes belongs to no scope, and stays until somebody disposes it. */
  unscoped<T>(fn: () => T): T {
    this.#scopes.push(new Set());
    try {
      return fn();
    } finally {
      this.#scopes.pop();
    }
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
  group<T>(op: string, variant: string, options: Readonly<Record<string, unknown>>, fn: () => T): T {
    return (this.#recording ?? this.#eager).group(op, variant, options, fn);
  }

  /** Names a value while recording; kept when `record({ taps })` asks for it, otherwise nothing happens. */
  tap(name: string, value: Holder): void {
    if (this.#recording?.wanted(name)) this.#recording.taps.set(name, value);
  }

  /** True while `record` runs. */
  get recording(): boolean {
    return this.#recording !== undefined;
  }

  /**
   * Records what `fn` does instead of doing it. `fn` is synchronous. Its result's tensors and the wanted taps keep
   * memory of their own; all other temporaries share.
   */
  record<T>(fn: () => T, options: { taps?: (name: string) => boolean } = {}): Program<T> {
    this.assertUsable();
    if (this.#recording) throw new GpuError("record was called while recording");
    const recording = new Recording(options.taps);
    this.#recording = recording;
    let result: T;
    try {
      result = fn();
    } finally {
      this.#recording = undefined;
    }
    if (isThenable(result)) {
      Promise.resolve(result).catch(() => undefined); // it may well fail outside of the recording: this says why
      throw new GpuError("the recorded function returned a promise; recording is synchronous");
    }
    const kept = [...holdersIn(result), ...recording.taps.values()].flatMap(({ storages }) => storages);
    return new Program(this, recording, result, kept);
  }

  /**
   * Submits the eager work collected so far, after compiling what it needs. Throws the first thing in it that failed:
   * a shader that does not compile, memory that could not be had, the device. What the failed part would have written
   * counts as failed, and reading it throws too; the rest has run.
   */
  flush(): Promise<void> {
    return this.#eager.flush().then(() => this.settle());
  }

  /** Throws when eager work that is not submitted yet meets these buffers, since what is submitted now overtakes it. */
  assertNothingPending(what: string, reads: ReadonlySet<GPUBuffer>, writes: ReadonlySet<GPUBuffer>): void {
    const storage = this.#eager.conflict(reads, writes);
    if (storage) throw new GpuError(`${what}: work on ${storage.label} is not submitted yet; await gpu.flush() before`);
  }

  /** Encodes and submits one command buffer. */
  submit(encode: (encoder: GPUCommandEncoder) => void): void {
    this.assertUsable();
    const encoder = this.device.createCommandEncoder();
    encode(encoder);
    this.device.queue.submit([encoder.finish()]);
    this.submits++;
  }

  /**
   * Writes bytes, multiples of 4, into storage: after everything recorded before, and before what is recorded after.
   * A program sees it once the promise has resolved.
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
    await this.#eager.flush().catch(() => undefined); // other work's failure is not this one's
    if (!target.failure) return await this.#readBack.contents(staging, bytes);
    this.giveStaging(staging);
    throw target.failure;
  }

  /** A buffer to map for reading; give it back unmapped. */
  takeStaging(bytes: number): GPUBuffer {
    return this.#readBack.take(bytes);
  }

  giveStaging(buffer: GPUBuffer): void {
    this.#readBack.give(buffer);
  }

  /** Waits for allocations and throws what went wrong since the last time. */
  async settle(): Promise<void> {
    this.assertUsable();
    await this.buffers.settle();
    this.assertUsable();
  }

  createBindGroup(layout: GPUBindGroupLayout, entries: GPUBindGroupEntry[]): GPUBindGroup {
    this.bindGroups++;
    return this.device.createBindGroup({ layout, entries });
  }

  /** True the first time it sees a pipeline: that one still has to be warmed. */
  markWarm(pipeline: GPUComputePipeline): boolean {
    if (this.#warm.has(pipeline)) return false;
    this.#warm.add(pipeline);
    return true;
  }

  /** Closes the device. Work still recorded is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.device.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

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
