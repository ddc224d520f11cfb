import { unlessAborted } from "../../options/abort.ts";
import type { BufferPool } from "../buffers.ts";
import type { Device } from "../device/device.ts";
import { GpuError } from "../errors.ts";
import type { Storage } from "../storage.ts";
import { CallList } from "./call-list.ts";
import { type Command, encodeCommands, type Place } from "./encode.ts";
import { InstanceOn } from "./instance.ts";
import { type Lowering, lowerOperation, packUniforms, type Uniforms } from "./lower.ts";
import type { Operation, Recording } from "./recording.ts";

/** Real storage for a placeholder: a whole storage, or from a byte offset that is a multiple of 256. */
export interface Replacement {
  readonly storage: Storage;
  readonly offset: number;
  /** Bytes from the offset on, where they may be fewer than recorded; default as many as were recorded. */
  readonly bytes?: number;
}

/**
 * A recorded list of calls over logical storage. It holds no buffer until it is instantiated, so several sessions share
 * one program, and after the loss of a device it is instantiated again.
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
   * failed, for one that a dispatch both reads and writes, and when an allocation fails; and the reason of `signal`
   * once that is aborted, without waiting for pipelines that are being compiled.
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

/** Memory shared by a program's instances on one device: the buffers of its temporaries and uniforms. */
class SharedMemory {
  /** Instances that exist or are being made. */
  users = 0;
  readonly #buffers: BufferPool;
  #temporaries: readonly GPUBuffer[] | undefined;
  #uniforms: Uniforms | undefined;

  constructor(buffers: BufferPool) {
    this.#buffers = buffers;
  }

  /** The memory, allocated on first use; whether that succeeded is known once `buffers.checked`. */
  take({ plan, operations }: CallList<unknown>): { temporaries: readonly GPUBuffer[]; uniforms: Uniforms } {
    const buffers = this.#buffers;
    this.#temporaries ??= plan.sizes.map((bytes, colour) => takeSubmitted(buffers, `temporary ${colour}`, bytes));
    if (!this.#uniforms) {
      const { memory, offsets } = packUniforms(operations);
      const fill = (target: ArrayBuffer) => new Uint8Array(target).set(memory);
      this.#uniforms = { buffer: buffers.createFilled("program uniforms", memory.byteLength, fill), offsets };
    }
    return { temporaries: this.#temporaries, uniforms: this.#uniforms };
  }

  /** Releases memory that was taken, unless it is released already: the next call to take it allocates again. */
  drop({ temporaries, uniforms }: ReturnType<SharedMemory["take"]>): void {
    if (this.#uniforms === uniforms) {
      this.#uniforms = undefined;
      this.#buffers.give(uniforms.buffer);
    }
    if (this.#temporaries === temporaries) {
      this.#temporaries = undefined;
      this.#buffers.giveAll(temporaries);
    }
  }

  /** Releases all of it. */
  free(): void {
    if (this.#uniforms) this.#buffers.give(this.#uniforms.buffer);
    this.#buffers.giveAll(this.#temporaries ?? []);
    this.#temporaries = undefined;
    this.#uniforms = undefined;
  }
}

/** A buffer for a program: its runs overtake unsubmitted eager work, so that work must not use the buffer. */
function takeSubmitted(buffers: BufferPool, label: string, bytes: number): GPUBuffer {
  return buffers.take(label, bytes, { submitted: true });
}

/**
 * Lowers the operations of a program to validated commands, with pipelines that the driver has compiled. Throws
 * `GpuError` when the program cannot run, and the reason of `signal` once that is aborted.
 */
async function prepareCommands(
  gpu: Device,
  operations: readonly Operation[],
  { resolve, uniforms }: Pick<Lowering, "resolve" | "uniforms">,
  signal?: AbortSignal,
): Promise<Command[]> {
  const { pipelines, bindGroups } = gpu;
  const lowering = { pipelines, resolve, uniforms, bindGroups };
  let commands: Command[];
  let scope: Promise<GPUError | null> | undefined;
  gpu.device.pushErrorScope("validation");
  try {
    commands = operations.map((operation) => lowerOperation(operation, lowering));
    // Encoded once without being submitted, so that a faulty program throws here and not at its first run.
    const encoder = gpu.device.createCommandEncoder();
    encodeCommands(encoder, commands);
    encoder.finish();
  } finally {
    scope = gpu.device.popErrorScope();
  }
  const invalid = await scope.catch(() => null); // a lost device is reported elsewhere
  if (invalid) {
    bindGroups.clear(); // one of them may be invalid
    throw new GpuError(`${gpu.adapter.label}: the program cannot run: ${invalid.message}`);
  }
  await warm(gpu, commands, signal);
  gpu.assertUsable();
  return commands;
}

/**
 * Sends each new pipeline a dispatch of zero workgroups, since drivers compile at the first dispatch. It is indirect,
 * because a direct dispatch of zero workgroups causes a warning.
 */
async function warm(gpu: Device, commands: readonly Command[], signal: AbortSignal | undefined): Promise<void> {
  const dispatches = commands.flatMap((command) => (command.kind === "dispatch" ? [command] : []));
  const fresh = dispatches.filter(({ pipeline }) => gpu.markWarm(pipeline));
  if (fresh.length === 0) return;
  const none = gpu.device.createBuffer({ label: "no workgroups", size: 12, usage: GPUBufferUsage.INDIRECT });
  gpu.submit((encoder) => {
    const pass = encoder.beginComputePass();
    for (const { pipeline, groups } of fresh) {
      pass.setPipeline(pipeline);
      groups.forEach((bindGroup, group) => {
        pass.setBindGroup(group, bindGroup);
      });
      pass.dispatchWorkgroupsIndirect(none, 0);
    }
    pass.end();
  });
  const done = gpu.reports.soon(gpu.device.queue.onSubmittedWorkDone()).finally(() => none.destroy());
  await unlessAborted(done, signal);
}
