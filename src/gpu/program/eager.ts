import type { Device } from "../device/device.ts";
import { GpuError } from "../errors.ts";
import type { Storage } from "../storage.ts";
import type { CallHeading, Copy, Dispatch } from "./dispatch.ts";
import { type Command, encodeCommands, type Place } from "./encode.ts";
import { lowerOperation, packUniforms, type Uniforms } from "./lower.ts";
import { touched, written } from "./plan.ts";
import { type Operation, Recording } from "./recording.ts";

/**
 * Work that is not part of a program: collected until a result is read, then compiled and submitted. Lists of work are
 * numbered and submitted in order; writes from the CPU are ordered among them.
 */
export class EagerWork {
  readonly #gpu: Device;
  #list: Recording;
  #number = 1;
  #tail: Promise<void> = Promise.resolve();
  #uniformPage: GPUBuffer | undefined;

  constructor(gpu: Device) {
    this.#gpu = gpu;
    this.#list = this.#begin();
  }

  #begin(): Recording {
    const list = new Recording();
    this.#gpu.unsubmitted.add(list.operations);
    return list;
  }

  append(dispatch: Dispatch): void {
    this.#list.append(dispatch);
    this.#gpu.buffers.recorded = this.#number;
  }

  copy(copy: Copy): void {
    this.#list.copy(copy);
    this.#gpu.buffers.recorded = this.#number;
  }

  group<T>(heading: CallHeading, fn: () => T): T {
    return this.#list.group(heading, fn);
  }

  /** Submits the collected work; rejects with its first failure, once everything that can run is submitted. */
  flush(): Promise<void> {
    const { operations } = this.#list;
    if (operations.length === 0) return this.#tail;
    const number = this.#number++;
    this.#list = this.#begin();
    const run = this.#tail.then(() =>
      this.#run(operations, () => {
        this.#gpu.unsubmitted.delete(operations);
        this.#gpu.buffers.markSubmitted(number);
      }),
    );
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** Writes after all work collected so far and before later work. */
  write(buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>): Promise<void> {
    void this.flush().catch(() => undefined); // a failure is reported when its results are read
    const run = this.#tail.then(async () => {
      await this.#gpu.buffers.checked();
      this.#gpu.assertUsable();
      const failure = this.#gpu.buffers.failure(buffer);
      if (failure) throw failure;
      this.#gpu.device.queue.writeBuffer(buffer, offset, data);
    });
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /**
   * Submits `operations`. One that cannot run, or that reads a failed result, is left out, and its own results count as
   * failed. Unrelated work in the same list still runs.
   */
  async #run(operations: readonly Operation[], submitted: () => void): Promise<void> {
    const gpu = this.#gpu;
    let first: Error | undefined;
    const fail = (operation: Operation, failure: Error) => {
      for (const storage of written(operation)) storage.failure ??= failure;
      first ??= failure;
    };
    const ran: Operation[] = [];
    let scope: Promise<GPUError | null> | undefined;
    try {
      const uncompiled = await this.#compile(operations);
      await gpu.buffers.checked();
      gpu.assertUsable();
      gpu.device.pushErrorScope("validation");
      try {
        const { pipelines, bindGroups } = gpu;
        const lowering = { pipelines, resolve, uniforms: this.#uniforms(operations), bindGroups };
        const commands: Command[] = [];
        for (const operation of operations) {
          try {
            const failure = this.#obstacle(operation, uncompiled);
            if (failure) throw failure;
            const command = lowerOperation(operation, lowering);
            if (command.kind === "dispatch") gpu.markWarm(command.pipeline);
            commands.push(command);
            ran.push(operation);
          } catch (cause) {
            fail(operation, asError(cause));
          }
        }
        if (commands.length > 0) gpu.submit((encoder) => encodeCommands(encoder, commands));
      } finally {
        scope = gpu.device.popErrorScope();
      }
    } catch (cause) {
      for (const operation of operations) fail(operation, asError(cause));
    } finally {
      submitted();
    }
    const invalid = await scope?.catch(() => null); // a lost device is reported elsewhere
    if (invalid) {
      gpu.bindGroups.clear();
      for (const operation of ran) fail(operation, new GpuError(`${gpu.adapter.label}: ${invalid.message}`));
    }
    if (first) throw first;
  }

  async #compile(operations: readonly Operation[]): Promise<Map<string, Error>> {
    const { pipelines } = this.#gpu;
    const failures = new Map<string, Error>();
    const shaders = operations.flatMap((operation) =>
      operation.kind === "dispatch" && !pipelines.get(operation.dispatch.shader) ? [operation.dispatch.shader] : [],
    );
    await Promise.all(
      shaders.map((shader) =>
        pipelines.compile(shader).catch((cause: unknown) => {
          failures.set(shader.code, asError(cause));
        }),
      ),
    );
    return failures;
  }

  /** Why an operation cannot run. */
  #obstacle(operation: Operation, uncompiled: ReadonlyMap<string, Error>): Error | undefined {
    for (const { failure, buffer } of touched(operation)) {
      const reason = failure ?? (buffer && this.#gpu.buffers.failure(buffer));
      if (reason) return reason;
    }
    return operation.kind === "dispatch" ? uncompiled.get(operation.dispatch.shader.code) : undefined;
  }

  #uniforms(operations: readonly Operation[]): Uniforms {
    const { memory, offsets } = packUniforms(operations);
    const { buffers, device } = this.#gpu;
    const page = this.#uniformPage;
    if (page && page.size >= memory.byteLength) {
      device.queue.writeBuffer(page, 0, memory);
      return { buffer: page, offsets };
    }
    if (page) buffers.destroy(page);
    const size = 2 ** Math.ceil(Math.log2(Math.max(4096, memory.byteLength)));
    const buffer = buffers.createFilled("eager uniforms", size, (target) => new Uint8Array(target).set(memory));
    this.#uniformPage = buffer;
    return { buffer, offsets };
  }
}

function resolve({ buffer, label }: Storage): Place {
  if (!buffer) throw new GpuError(`${label}: belongs to a recorded program`);
  return { buffer, offset: 0 };
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new GpuError(String(cause));
}
