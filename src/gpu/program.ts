import type { Call, Dispatch } from "./dispatch.ts";
import { type Command, encodeCommands, lowerDispatch, type Place, packUniforms } from "./encode.ts";
import { GpuError } from "./errors.ts";
import type { Gpu } from "./gpu.ts";
import { type MemoryPlan, planMemory, touched } from "./plan.ts";
import type { Holder, Operation, Recording } from "./recording.ts";
import type { Storage } from "./storage.ts";
import { timeCommands } from "./timer.ts";

/** Real storage for a placeholder: a whole storage, or from a byte offset that is a multiple of 256. */
export interface Replacement {
  readonly storage: Storage;
  readonly offset: number;
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
  #shared: GPUBuffer[] | undefined;
  #uniforms: { buffer: GPUBuffer; offsets: Map<Uint8Array, number> } | undefined;

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

  /**
   * Compiles what is not compiled yet. Drivers compile at the first dispatch, not when the pipeline is made, so
   * `instantiate` also sends each new pipeline a dispatch of no workgroups.
   */
  async compile(onProgress: (done: number, total: number) => void = () => {}): Promise<void> {
    const shaders = new Map(this.dispatches.map(({ shader }) => [shader.code, shader]));
    let done = 0;
    await Promise.all(
      [...shaders.values()].map(async (shader) => {
        await this.#gpu.pipelines.compile(shader);
        onProgress(++done, shaders.size);
      }),
    );
  }

  /**
   * Makes the bind groups for these placeholders' storages. Temporaries belong to the program and are shared by its
   * instances, whose runs follow one another on the queue; results and taps belong to the instance.
   */
  async instantiate(replacements: ReadonlyMap<Storage, Replacement> = new Map()): Promise<Instance<T>> {
    const gpu = this.#gpu;
    gpu.assertUsable();
    await this.compile();
    this.#shared ??= this.plan.sizes.map((bytes, colour) => gpu.buffers.take(`temporary ${colour}`, bytes));
    if (!this.#uniforms) {
      const { memory, offsets } = packUniforms(this.operations);
      const fill = (target: ArrayBuffer) => new Uint8Array(target).set(memory);
      this.#uniforms = { buffer: gpu.buffers.createFilled("program uniforms", memory.byteLength, fill), offsets };
    }
    const own = new Map(this.#kept.map((storage) => [storage, gpu.buffers.take(storage.label, storage.bytes)]));
    const resolve = (storage: Storage): Place => {
      const replacement = replacements.get(storage);
      const real = replacement?.storage ?? storage;
      const colour = this.plan.colours.get(real);
      const buffer = real.buffer ?? own.get(real) ?? (colour === undefined ? undefined : this.#shared?.[colour]);
      if (!buffer) throw new GpuError(`${storage.label}: the program was instantiated without this input`);
      if (real.state === "disposed" && !this.#temporaries.has(real)) {
        throw new GpuError(`${real.label}: disposed, but a program still uses it`);
      }
      return { buffer, offset: replacement?.offset ?? 0 };
    };
    const uniforms = this.#uniforms;
    const fresh = new Set<GPUComputePipeline>();
    const commands = this.operations.map((operation): Command => {
      if (operation.kind === "copy") {
        const { copy } = operation;
        const from = resolve(copy.from);
        const to = resolve(copy.to);
        return {
          kind: "copy",
          from: from.buffer,
          fromOffset: from.offset + copy.fromOffset,
          to: to.buffer,
          toOffset: to.offset + copy.toOffset,
          bytes: copy.bytes,
        };
      }
      const pipeline = gpu.pipelines.get(operation.dispatch.shader);
      if (!pipeline) throw new GpuError(`${operation.dispatch.kernel}: not compiled`);
      if (gpu.markWarm(pipeline.pipeline)) fresh.add(pipeline.pipeline);
      return lowerDispatch(operation.dispatch, pipeline, resolve, uniforms, (layout, entries) =>
        gpu.createBindGroup(layout, entries),
      );
    });
    const warming = commands.filter((command) => command.kind === "dispatch" && fresh.delete(command.pipeline));
    if (warming.length > 0) {
      gpu.submit((encoder) =>
        encodeCommands(
          encoder,
          warming.map((command) => (command.kind === "dispatch" ? { ...command, workgroups: [0, 1, 1] } : command)),
        ),
      );
      await gpu.device.queue.onSubmittedWorkDone();
    }
    await gpu.settle();
    return new Instance(gpu, this, commands, own, resolve);
  }

  /** Gives the shared temporaries back. Instances must not run afterwards. */
  dispose(): void {
    for (const buffer of this.#shared ?? []) this.#gpu.buffers.give(buffer);
    if (this.#uniforms) this.#gpu.buffers.destroy(this.#uniforms.buffer);
    this.#shared = undefined;
    this.#uniforms = undefined;
  }

  /** The storages that this program reads from outside or writes to outside. */
  get externals(): Storage[] {
    return [...new Set(this.operations.flatMap(touched))].filter((storage) => !this.#temporaries.has(storage));
  }
}

/** A program bound to real memory: running it makes no object but the command buffer. */
export class Instance<T> {
  readonly program: Program<T>;
  readonly #gpu: Gpu;
  readonly #commands: readonly Command[];
  readonly #own: Map<Storage, GPUBuffer>;
  readonly #resolve: (storage: Storage) => Place;

  constructor(
    gpu: Gpu,
    program: Program<T>,
    commands: readonly Command[],
    own: Map<Storage, GPUBuffer>,
    resolve: (storage: Storage) => Place,
  ) {
    this.#gpu = gpu;
    this.program = program;
    this.#commands = commands;
    this.#own = own;
    this.#resolve = resolve;
  }

  /** Runs the program in one submit; `after` encodes more behind it. Eager work before it must have been flushed. */
  run(after?: (encoder: GPUCommandEncoder) => void): void {
    this.#gpu.submit((encoder) => {
      encodeCommands(encoder, this.#commands);
      after?.(encoder);
    });
  }

  /** Adds the program to an encoder of the caller's. */
  encode(encoder: GPUCommandEncoder): void {
    encodeCommands(encoder, this.#commands);
  }

  /** Where a logical storage of the program really lies: results, taps and placeholders. */
  place(storage: Storage): Place {
    return this.#resolve(storage);
  }

  /** GPU time of each dispatch in nanoseconds; needs `timestamp-query`. Slower than `run`: a pass for each. */
  profile(): Promise<number[]> {
    return timeCommands(this.#gpu, this.#commands);
  }

  dispose(): void {
    for (const buffer of this.#own.values()) this.#gpu.buffers.give(buffer);
    this.#own.clear();
  }
}
