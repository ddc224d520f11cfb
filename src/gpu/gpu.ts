import type { AdapterInfo } from "./adapter.ts";
import { BufferPool } from "./buffers.ts";
import type { Copy, Dispatch } from "./dispatch.ts";
import { encodeCommands, lowerDispatch, packUniforms } from "./encode.ts";
import { GpuError } from "./errors.ts";
import { type Limits, Pipelines } from "./pipelines.ts";
import { touched, written } from "./plan.ts";
import { Program } from "./program.ts";
import { type Holder, holdersIn, type Operation, Recording } from "./recording.ts";
import { createStorage, type Storage } from "./storage.ts";

/** Eager bind groups kept for the next time the same dispatch comes along. */
const bindGroupsKept = 1024;

/** Temporaries made while it is open are disposed when it closes: `using scope = gpu.scope()`. */
export interface Scope {
  /** Lets a value outlive the scope. */
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
  #eager = new Recording();
  #recording: Recording | undefined;
  readonly #scopes: Set<Storage>[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #closed = false;
  readonly #warm = new WeakSet<GPUComputePipeline>();
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #bufferIds = new WeakMap<GPUBuffer, number>();
  readonly #layoutIds = new WeakMap<GPUBindGroupLayout, number>();
  #nextId = 1;
  #uniformPage: GPUBuffer | undefined;
  readonly #staging = new Map<number, GPUBuffer[]>();

  constructor(device: GPUDevice, adapter: AdapterInfo, limits: Limits) {
    this.device = device;
    this.adapter = adapter;
    this.limits = limits;
    this.features = new Set(device.features);
    this.buffers = new BufferPool(device, limits.buffer, (buffer) => this.#forget(buffer));
    this.pipelines = new Pipelines(device, limits);
    device.addEventListener("uncapturederror", (event) => {
      this.#failure ??= new GpuError(`${adapter.label}: ${event.error.message}`);
    });
    void device.lost.then((info) => {
      if (!this.#closed) this.#failure = new GpuError(`${adapter.label}: the device was lost: ${info.message}`);
    });
  }

  /** Throws when the device is closed or lost, or a previous submit was invalid. */
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

  /** Storage with first contents; never logical, so a recording may use it as a constant. */
  upload(label: string, bytes: number, fill: (memory: ArrayBuffer) => void): Storage {
    this.assertUsable();
    const storage = createStorage(label, bytes, this.buffers.createFilled(label, bytes, fill));
    if (!this.#recording) this.#scopes.at(-1)?.add(storage);
    return storage;
  }

  /** Gives storage back to the pool. Recorded and running work may still use it. Twice is harmless. */
  release(storage: Storage): void {
    if (storage.state === "disposed") return;
    storage.state = "disposed";
    for (const scope of this.#scopes) scope.delete(storage);
    if (storage.buffer && !this.#closed) this.buffers.give(storage.buffer);
  }

  /** Opens a scope; scopes close in the reverse of the order in which they were opened. */
  scope(): Scope {
    const owned = new Set<Storage>();
    this.#scopes.push(owned);
    return {
      keep: (value) => {
        for (const storage of value.storages) owned.delete(storage);
        return value;
      },
      [Symbol.dispose]: () => {
        if (this.#scopes.at(-1) !== owned) throw new GpuError("a scope was closed while a later one is still open");
        this.#scopes.pop();
        for (const storage of owned) this.release(storage);
      },
    };
  }

  /** Adds a dispatch to the recording in progress, else to the eager work that the next read submits. */
  append(dispatch: Dispatch): void {
    this.assertUsable();
    (this.#recording ?? this.#eager).append(dispatch);
  }

  /** Adds a copy between storages, in order with dispatches. */
  copy(copy: Copy): void {
    this.assertUsable();
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
    if (result instanceof Promise)
      throw new GpuError("the recorded function returned a promise; recording is synchronous");
    const kept = [...holdersIn(result), ...recording.taps.values()].flatMap(({ storages }) => storages);
    return new Program(this, recording, result, kept);
  }

  /**
   * Submits the eager work collected so far, after compiling what it needs. Throws when a shader does not compile or
   * the device fails; then everything that the work would have written counts as failed, and reading it throws too.
   */
  flush(): Promise<void> {
    const work = this.#eager;
    if (work.operations.length === 0) return this.#flushing.then(() => this.settle());
    this.#eager = new Recording();
    const run = this.#flushing.then(() => this.#submitEager(work.operations));
    this.#flushing = run.catch(() => undefined);
    return run.then(() => this.settle());
  }

  async #submitEager(operations: readonly Operation[]): Promise<void> {
    try {
      this.assertUsable();
      for (const storage of operations.flatMap(touched)) if (storage.failure) throw storage.failure;
      const shaders = operations.flatMap((operation) =>
        operation.kind === "dispatch" ? [operation.dispatch.shader] : [],
      );
      await Promise.all(shaders.map((shader) => this.pipelines.compile(shader)));
      this.#encodeEager(operations);
    } catch (cause) {
      const failure = cause instanceof Error ? cause : new GpuError(String(cause));
      for (const storage of operations.flatMap(written)) storage.failure = failure;
      throw failure;
    }
  }

  #encodeEager(operations: readonly Operation[]): void {
    const { memory, offsets } = packUniforms(operations);
    const uniform = { buffer: this.#writeUniforms(memory), offsets };
    const place = (storage: Storage) => {
      if (!storage.buffer) throw new GpuError(`${storage.label}: belongs to a recorded program`);
      return { buffer: storage.buffer, offset: 0 };
    };
    const commands = operations.map((operation) => {
      if (operation.kind === "copy") {
        const { from, fromOffset, to, toOffset, bytes } = operation.copy;
        return { kind: "copy" as const, from: place(from).buffer, fromOffset, to: place(to).buffer, toOffset, bytes };
      }
      const pipeline = this.pipelines.get(operation.dispatch.shader);
      if (!pipeline) throw new GpuError(`${operation.dispatch.kernel}: not compiled`);
      this.#warm.add(pipeline.pipeline);
      return lowerDispatch(operation.dispatch, pipeline, place, uniform, (layout, entries) =>
        this.#eagerBindGroup(layout, entries),
      );
    });
    this.submit((encoder) => encodeCommands(encoder, commands));
  }

  #writeUniforms(memory: Uint8Array<ArrayBuffer>): GPUBuffer {
    const page = this.#uniformPage;
    if (page && page.size >= memory.byteLength) {
      this.device.queue.writeBuffer(page, 0, memory);
      return page;
    }
    if (page) this.buffers.destroy(page);
    const size = 2 ** Math.ceil(Math.log2(Math.max(4096, memory.byteLength)));
    this.#uniformPage = this.buffers.createFilled("eager uniforms", size, (target) =>
      new Uint8Array(target).set(memory),
    );
    return this.#uniformPage;
  }

  /** Encodes and submits one command buffer. */
  submit(encode: (encoder: GPUCommandEncoder) => void): void {
    this.assertUsable();
    const encoder = this.device.createCommandEncoder();
    encode(encoder);
    this.device.queue.submit([encoder.finish()]);
    this.submits++;
  }

  /** Writes into storage after everything recorded before it; waits for the eager work to be submitted. */
  async write(storage: Storage, offset: number, data: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.flush();
    if (!storage.buffer) throw new GpuError(`${storage.label}: belongs to a recorded program`);
    this.device.queue.writeBuffer(storage.buffer, offset, data);
  }

  /** Copies bytes of storage back to the CPU, after all work submitted and recorded so far. */
  async read(storage: Storage, offset: number, bytes: number): Promise<ArrayBuffer> {
    await this.flush();
    if (storage.failure) throw storage.failure;
    const { buffer } = storage;
    if (!buffer) throw new GpuError(`${storage.label}: belongs to a recorded program; instantiate it and read that`);
    if (storage.state === "disposed") throw new GpuError(`${storage.label}: read after it was disposed`);
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.takeStaging(size);
    this.submit((encoder) => encoder.copyBufferToBuffer(buffer, offset, staging, 0, size));
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, size);
    } catch (cause) {
      await new Promise((resolve) => setTimeout(resolve)); // let `lost` say why
      this.assertUsable();
      throw new GpuError(`${this.adapter.label}: reading ${bytes} bytes back failed`, { cause });
    }
    const copy = staging.getMappedRange(0, size).slice(0, bytes);
    staging.unmap();
    this.giveStaging(staging);
    await this.settle();
    return copy;
  }

  /** A buffer to map for reading; give it back unmapped. */
  takeStaging(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, bytes)));
    return (
      this.#staging.get(size)?.pop() ??
      this.device.createBuffer({ label: "staging", size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
    );
  }

  giveStaging(buffer: GPUBuffer): void {
    if (buffer.size > 1 << 20) {
      buffer.destroy(); // large read-backs are rare and memory is not
      return;
    }
    const list = this.#staging.get(buffer.size);
    if (list) list.push(buffer);
    else this.#staging.set(buffer.size, [buffer]);
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

  #eagerBindGroup(layout: GPUBindGroupLayout, entries: GPUBindGroupEntry[]): GPUBindGroup {
    const parts = [this.#idOf(this.#layoutIds, layout)];
    for (const { binding, resource } of entries) {
      if (!("buffer" in resource)) continue;
      parts.push(binding, this.#idOf(this.#bufferIds, resource.buffer), resource.offset ?? 0, resource.size ?? 0);
    }
    const key = parts.join();
    const known = this.#groups.get(key);
    if (known) {
      this.#groups.delete(key); // and set again: the map's order is the order of use
      this.#groups.set(key, known);
      return known;
    }
    const group = this.createBindGroup(layout, entries);
    this.#groups.set(key, group);
    if (this.#groups.size > bindGroupsKept) {
      const oldest = this.#groups.keys().next().value;
      if (oldest !== undefined) this.#groups.delete(oldest);
    }
    return group;
  }

  #idOf<K extends object>(ids: WeakMap<K, number>, key: K): number {
    let id = ids.get(key);
    if (id === undefined) {
      id = this.#nextId++;
      ids.set(key, id);
    }
    return id;
  }

  /** Bind groups of a destroyed buffer go with it. Destroying is rare (trim), so all of them go. */
  #forget(_buffer: GPUBuffer): void {
    this.#groups.clear();
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
