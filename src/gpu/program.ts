import { BindGroupCache } from "./bind-groups.ts";
import type { Call, Dispatch } from "./dispatch.ts";
import { type Command, encodeCommands, lowerDispatch, type Place, packUniforms } from "./encode.ts";
import { GpuError } from "./errors.ts";
import type { Gpu } from "./gpu.ts";
import { Instance } from "./instance.ts";
import { type MemoryPlan, planMemory, touched } from "./plan.ts";
import type { Holder, Operation, Recording } from "./recording.ts";
import type { Storage } from "./storage.ts";

export { Instance } from "./instance.ts";

/** Real storage for a placeholder: a whole storage, or from a byte offset that is a multiple of 256. */
export interface Replacement {
  readonly storage: Storage;
  readonly offset: number;
}

/** What the instances of a program on one device share. */
interface SharedMemory {
  /** Instances that exist or are being made. */
  users: number;
  temporaries: GPUBuffer[] | undefined;
  uniforms: { readonly buffer: GPUBuffer; readonly offsets: Map<Uint8Array, number> } | undefined;
}

/**
 * A recorded list of calls over logical storage. It holds no buffer of its own until it is instantiated, so several
 * sessions share one program, and after a lost device it is instantiated again.
 */
export class Program<T> {
  readonly calls: readonly Call[];
  readonly operations: readonly Operation[];
  readonly result: T;
  /** Values that blocks named and `record({ taps })` asked to keep. */
  readonly taps: ReadonlyMap<string, Holder>;
  readonly plan: MemoryPlan;
  readonly #gpu: Gpu;
  readonly #kept: readonly Storage[];
  readonly #temporaries: ReadonlySet<Storage>;
  readonly #memory = new Map<Gpu, SharedMemory>();
  #disposed = false;

  constructor(gpu: Gpu, recording: Recording, result: T, kept: readonly Storage[]) {
    this.#gpu = gpu;
    this.calls = recording.calls;
    this.operations = recording.operations;
    this.taps = recording.taps;
    this.result = result;
    this.#temporaries = recording.temporaries;
    this.#kept = [...new Set(kept)].filter((storage) => recording.temporaries.has(storage));
    const shared = new Set(recording.temporaries);
    for (const storage of this.#kept) shared.delete(storage);
    this.plan = planMemory(this.operations, shared);
  }

  get dispatches(): Dispatch[] {
    return this.operations.flatMap((operation) => (operation.kind === "dispatch" ? [operation.dispatch] : []));
  }

  /** Bytes of the buffers that temporaries share. */
  get temporaryBytes(): number {
    return this.plan.sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The storages that this program reads from outside or writes to outside. */
  get externals(): Storage[] {
    return [...new Set(this.operations.flatMap(touched))].filter((storage) => !this.#temporaries.has(storage));
  }

  /**
   * Compiles what is not compiled yet. Drivers compile at the first dispatch, not when the pipeline is made, so
   * `instantiate` also sends each new pipeline a dispatch of no workgroups.
   */
  async compile(onProgress: (done: number, total: number) => void = () => {}, gpu = this.#gpu): Promise<void> {
    const shaders = new Map(this.dispatches.map(({ shader }) => [shader.code, shader]));
    let done = 0;
    await Promise.all(
      [...shaders.values()].map(async (shader) => {
        await gpu.pipelines.compile(shader);
        onProgress(++done, shaders.size);
      }),
    );
  }

  /**
   * Makes the bind groups for these placeholders' storages. Temporaries belong to the program and are shared by its
   * instances, whose runs follow one another on the queue; results and taps belong to the instance. `gpu` is another
   * device than the one recorded on, for example after that was lost: whatever the program took from outside then needs
   * a replacement, weights included. Throws `GpuError` for an input that is missing, disposed or failed, for one that a
   * dispatch both reads and writes, and when memory cannot be had.
   */
  async instantiate(
    replacements: ReadonlyMap<Storage, Replacement> = new Map(),
    gpu = this.#gpu,
  ): Promise<Instance<T>> {
    gpu.assertUsable();
    if (this.#disposed) throw new GpuError("the program was disposed");
    const memory = this.#memory.get(gpu) ?? { users: 0, temporaries: undefined, uniforms: undefined };
    this.#memory.set(gpu, memory);
    memory.users++;
    try {
      await this.compile(undefined, gpu);
      return await this.#bind(replacements, gpu, memory);
    } catch (cause) {
      this.#leave(gpu, memory);
      throw cause;
    }
  }

  async #bind(replacements: ReadonlyMap<Storage, Replacement>, gpu: Gpu, memory: SharedMemory): Promise<Instance<T>> {
    const { buffers } = gpu;
    const own = new Map<Storage, GPUBuffer>();
    // A run overtakes the eager work that is not submitted yet, so its memory must not occur there.
    const take = (label: string, bytes: number) => buffers.take(label, bytes, { submitted: true });
    try {
      memory.temporaries ??= this.plan.sizes.map((bytes, colour) => take(`temporary ${colour}`, bytes));
      if (!memory.uniforms) {
        const { memory: bytes, offsets } = packUniforms(this.operations);
        const fill = (target: ArrayBuffer) => new Uint8Array(target).set(bytes);
        memory.uniforms = { buffer: buffers.createFilled("program uniforms", bytes.byteLength, fill), offsets };
      }
      for (const storage of this.#kept) own.set(storage, take(storage.label, storage.bytes));
      const { temporaries, uniforms } = memory;
      await buffers.checked();
      for (const buffer of [...temporaries, uniforms.buffer, ...own.values()]) {
        const failure = buffers.failure(buffer);
        if (!failure) continue;
        if (memory.temporaries === temporaries) {
          memory.temporaries = undefined; // to be tried anew
          for (const shared of temporaries) buffers.give(shared);
        }
        if (memory.uniforms === uniforms) {
          memory.uniforms = undefined;
          buffers.give(uniforms.buffer);
        }
        throw failure;
      }
      const external = (storage: Storage) => replacements.get(storage)?.storage ?? storage;
      const resolve = (storage: Storage): Place => {
        const real = external(storage);
        const colour = this.plan.colours.get(real);
        const buffer = real.buffer ?? own.get(real) ?? (colour === undefined ? undefined : temporaries[colour]);
        if (!buffer) throw new GpuError(`${storage.label}: the program was instantiated without this input`);
        return { buffer, offset: replacements.get(storage)?.offset ?? 0 };
      };
      const externals = this.externals.map(external);
      const instance = new Instance(gpu, this, {
        commands: await this.#lower(gpu, resolve, uniforms, externals),
        own,
        externals,
        resolve: (storage) => {
          if (this.plan.colours.has(external(storage))) {
            throw new GpuError(`${storage.label}: a temporary; what is to be read is returned from record, or tapped`);
          }
          return resolve(storage);
        },
        onDispose: () => this.#leave(gpu, memory),
      });
      instance.assertInputs();
      return instance;
    } catch (cause) {
      for (const buffer of own.values()) buffers.give(buffer);
      throw cause;
    }
  }

  async #lower(
    gpu: Gpu,
    resolve: (storage: Storage) => Place,
    uniforms: NonNullable<SharedMemory["uniforms"]>,
    externals: readonly Storage[],
  ): Promise<Command[]> {
    const fresh = new Set<GPUComputePipeline>();
    const groups = new BindGroupCache((layout, entries) => gpu.createBindGroup(layout, entries)); // equal ones are one
    const lower = (operation: Operation): Command => {
      if (operation.kind === "copy") {
        const { from, fromOffset, to, toOffset, bytes } = operation.copy;
        const source = resolve(from);
        const target = resolve(to);
        return {
          kind: "copy",
          from: source.buffer,
          fromOffset: source.offset + fromOffset,
          to: target.buffer,
          toOffset: target.offset + toOffset,
          bytes,
        };
      }
      const { dispatch } = operation;
      const pipeline = gpu.pipelines.get(dispatch.shader);
      if (!pipeline) throw new GpuError(`${dispatch.kernel}: not compiled`);
      if (gpu.markWarm(pipeline.pipeline)) fresh.add(pipeline.pipeline);
      return lowerDispatch(dispatch, pipeline, resolve, uniforms, (layout, entries) => groups.get(layout, entries));
    };
    for (const { buffer } of externals) {
      const failure = buffer && gpu.buffers.failure(buffer);
      if (failure) throw failure;
    }
    let commands: Command[];
    let scope: Promise<GPUError | null> | undefined;
    gpu.device.pushErrorScope("validation");
    try {
      commands = this.operations.map(lower);
      // Encoded once and not submitted: what is wrong with the program is said here, and not by its first run.
      const encoder = gpu.device.createCommandEncoder();
      encodeCommands(encoder, commands);
      encoder.finish();
    } finally {
      scope = gpu.device.popErrorScope();
    }
    const invalid = await scope.catch(() => null); // a lost device says so elsewhere
    if (invalid) throw new GpuError(`${gpu.adapter.label}: the program cannot run: ${invalid.message}`);
    await this.#warm(gpu, commands, fresh);
    gpu.assertUsable();
    return commands;
  }

  /**
   * Sends each new pipeline a dispatch of no workgroups: that is when drivers compile. Indirect, since a direct one
   * of no workgroups draws a warning.
   */
  async #warm(gpu: Gpu, commands: readonly Command[], fresh: Set<GPUComputePipeline>): Promise<void> {
    const warming = commands.filter((command) => command.kind === "dispatch" && fresh.delete(command.pipeline));
    if (warming.length === 0) return;
    const none = gpu.device.createBuffer({ label: "no workgroups", size: 12, usage: GPUBufferUsage.INDIRECT });
    gpu.submit((encoder) => {
      const pass = encoder.beginComputePass();
      for (const command of warming) {
        if (command.kind !== "dispatch") continue;
        pass.setPipeline(command.pipeline);
        command.groups.forEach((bindGroup, group) => {
          pass.setBindGroup(group, bindGroup);
        });
        pass.dispatchWorkgroupsIndirect(none, 0);
      }
      pass.end();
    });
    await gpu.device.queue.onSubmittedWorkDone();
    none.destroy();
  }

  #leave(gpu: Gpu, memory: SharedMemory): void {
    memory.users--;
    this.#free(gpu, memory);
  }

  #free(gpu: Gpu, memory: SharedMemory): void {
    if (!this.#disposed || memory.users > 0) return;
    for (const buffer of memory.temporaries ?? []) gpu.buffers.give(buffer);
    if (memory.uniforms) gpu.buffers.give(memory.uniforms.buffer);
    memory.temporaries = undefined;
    memory.uniforms = undefined;
    this.#memory.delete(gpu);
  }

  /** Gives the shared memory back once the last instance is disposed. No further instance can be made. */
  dispose(): void {
    this.#disposed = true;
    for (const [gpu, memory] of this.#memory) this.#free(gpu, memory);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
