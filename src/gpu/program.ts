import { unlessAborted } from "../options/abort.ts";
import { CallList } from "./call-list.ts";
import type { Device } from "./device.ts";
import type { Place } from "./encode.ts";
import { GpuError } from "./errors.ts";
import { InstanceOn } from "./instance.ts";
import { prepareCommands } from "./prepare.ts";
import type { Recording } from "./recording.ts";
import { SharedMemory, takeSubmitted } from "./shared-memory.ts";
import type { Storage } from "./storage.ts";

/** Real storage for a placeholder: a whole storage, or from a byte offset that is a multiple of 256. */
export interface Replacement {
  readonly storage: Storage;
  readonly offset: number;
  /** Bytes from the offset on, where they may be fewer than recorded; default as many as were recorded. */
  readonly bytes?: number;
}

/**
 * A recorded list of calls over logical storage. It holds no buffer until it is instantiated, so several sessions share
 * one program, and after a lost device it is instantiated again.
 */
export class ProgramOn<D extends Device, T> extends CallList<T> {
  readonly #gpu: D;
  readonly #memory = new Map<D, SharedMemory>();
  #disposed = false;

  constructor(gpu: D, recording: Recording, result: T, kept: readonly Storage[]) {
    super(recording, result, kept);
    this.#gpu = gpu;
  }

  /**
   * Compiles what is not compiled yet. Drivers compile at the first dispatch, not when the pipeline is created, so
   * `instantiate` also sends each new pipeline a dispatch of no workgroups.
   */
  async compile(
    onProgress: (progress: { readonly done: number; readonly total: number }) => void = () => {},
    gpu = this.#gpu,
  ): Promise<void> {
    const shaders = new Map(this.dispatches.map(({ shader }) => [shader.code, shader]));
    let done = 0;
    await Promise.all(
      [...shaders.values()].map(async (shader) => {
        await gpu.pipelines.compile(shader);
        onProgress({ done: ++done, total: shaders.size });
      }),
    );
  }

  /**
   * Makes the bind groups for these placeholders' storages. Temporaries belong to the program and are shared by its
   * instances, whose runs follow one another on the queue; results and taps belong to the instance. `gpu` may be
   * another device than the one recorded on, for example after that was lost; then everything that the program uses
   * from outside needs a replacement, weights included. Throws `GpuError` for an input that is missing, disposed or
   * failed, for one that a dispatch both reads and writes, and when an allocation fails; and the reason of `signal` once
   * that is aborted, without waiting for pipelines that are being compiled.
   */
  async instantiate(
    replacements: ReadonlyMap<Storage, Replacement> = new Map(),
    gpu = this.#gpu,
    signal?: AbortSignal,
  ): Promise<InstanceOn<D, T>> {
    gpu.assertUsable();
    if (this.#disposed) throw new GpuError("the program was disposed");
    const memory = this.#memory.get(gpu) ?? new SharedMemory(gpu.buffers);
    this.#memory.set(gpu, memory);
    memory.users++;
    try {
      await unlessAborted(this.compile(undefined, gpu), signal);
      return await this.#bind(replacements, gpu, memory, signal);
    } catch (cause) {
      this.#leave(gpu, memory);
      throw cause;
    }
  }

  async #bind(
    replacements: ReadonlyMap<Storage, Replacement>,
    gpu: D,
    memory: SharedMemory,
    signal: AbortSignal | undefined,
  ): Promise<InstanceOn<D, T>> {
    const { buffers } = gpu;
    const own = new Map<Storage, GPUBuffer>();
    try {
      const shared = memory.take(this);
      const { temporaries, uniforms } = shared;
      for (const storage of this.kept) own.set(storage, takeSubmitted(buffers, storage.label, storage.bytes));
      await buffers.checked();
      for (const buffer of [...temporaries, uniforms.buffer, ...own.values()]) {
        const failure = buffers.failure(buffer);
        if (!failure) continue;
        memory.drop(shared);
        throw failure;
      }
      const external = (storage: Storage) => replacements.get(storage)?.storage ?? storage;
      const resolve = (storage: Storage): Place => {
        const real = external(storage);
        const colour = this.plan.colours.get(real);
        const buffer = real.buffer ?? own.get(real) ?? (colour === undefined ? undefined : temporaries[colour]);
        if (!buffer) throw new GpuError(`${storage.label}: the program was instantiated without this input`);
        const { offset = 0, bytes } = replacements.get(storage) ?? {};
        return bytes === undefined ? { buffer, offset } : { buffer, offset, bytes };
      };
      const externals = this.externals.map(external);
      for (const { buffer } of externals) {
        const failure = buffer && buffers.failure(buffer);
        if (failure) throw failure;
      }
      const instance = new InstanceOn(gpu, this, {
        commands: await prepareCommands(gpu, this.operations, { resolve, uniforms }, signal),
        own,
        externals,
        resolve: (storage) => {
          if (this.plan.colours.has(external(storage))) {
            throw new GpuError(`${storage.label}: is a temporary; to read it, return it from record, or tap it`);
          }
          return resolve(storage);
        },
        memoryOf: resolve,
        onDispose: () => this.#leave(gpu, memory),
      });
      instance.assertInputs();
      return instance;
    } catch (cause) {
      buffers.giveAll(own.values());
      throw cause;
    }
  }

  #leave(gpu: D, memory: SharedMemory): void {
    memory.users--;
    this.#free(gpu, memory);
  }

  #free(gpu: D, memory: SharedMemory): void {
    if (!this.#disposed || memory.users > 0) return;
    memory.free();
    this.#memory.delete(gpu);
  }

  /** Frees the shared memory once the last instance is disposed. No further instance can be made. */
  dispose(): void {
    this.#disposed = true;
    for (const [gpu, memory] of this.#memory) this.#free(gpu, memory);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
