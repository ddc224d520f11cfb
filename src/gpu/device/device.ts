import { BufferPool } from "../buffers.ts";
import { GpuError } from "../errors.ts";
import { BindGroupCache } from "../program/bind-groups.ts";
import { touched, written } from "../program/plan.ts";
import type { Operation } from "../program/recording.ts";
import { Pipelines } from "../shader/pipelines.ts";
import type { Storage } from "../storage.ts";
import type { AdapterInfo } from "./adapter.ts";
import type { Limits } from "./limits.ts";
import { untilLost } from "./loss.ts";

const closedMessage = "this device was closed";

/** A WebGPU device that submits, with its limits, buffers and pipelines: what programs and timers need. */
export class Device {
  readonly device: GPUDevice;
  readonly adapter: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Limits;
  readonly buffers: BufferPool;
  readonly pipelines: Pipelines;
  /** Eager work that a submit made now would overtake. */
  readonly unsubmitted = new Unsubmitted();
  /** Reports from the queue. */
  readonly reports: Reports;
  /** Command buffers submitted so far. */
  submits = 0;
  /** The bind groups of programs and of eager work. */
  readonly bindGroups: BindGroupCache;
  readonly #gone = new AbortController();
  #closed = false;
  readonly #warm = new WeakSet<GPUComputePipeline>();

  constructor(device: GPUDevice, adapter: AdapterInfo, limits: Limits) {
    this.device = device;
    this.adapter = adapter;
    this.limits = limits;
    this.features = new Set(device.features);
    this.buffers = new BufferPool(device, limits.buffer);
    this.reports = new Reports(device);
    this.bindGroups = new BindGroupCache(device);
    this.buffers.onGone = (buffer) => this.bindGroups.forget(buffer);
    this.pipelines = new Pipelines(device, limits, (cause) => this.explain(cause));
    device.addEventListener("uncapturederror", this.#uncaptured);
    void device.lost.then(({ reason, message }) => {
      device.removeEventListener("uncapturederror", this.#uncaptured);
      const why = message.trim() || (reason === "destroyed" ? "it was destroyed" : "no reason was given");
      this.#fail(`the device was lost: ${why}`);
    });
  }

  // In Node a device with a listener that refers to it is never collected, and keeps its threads.
  readonly #uncaptured = ({ error }: GPUUncapturedErrorEvent) => this.#fail(error.message);

  #fail(message: string): void {
    if (!this.gone.aborted) this.#gone.abort(new GpuError(`${this.adapter.label}: ${message}`));
  }

  /** Aborted when the device is closed or lost, or a program's submit was invalid; its reason is the error to throw. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Throws when the device is closed or lost, or a program's submit was invalid. */
  assertUsable(): void {
    if (this.#closed) throw new GpuError(`${this.adapter.label}: ${closedMessage}`);
    this.gone.throwIfAborted();
  }

  /** The error to throw for one of WebGPU's: if the device was closed or lost, the device's own, which says why. */
  async explain(cause: unknown): Promise<unknown> {
    // A call that fails because the device is lost may fail before `lost` resolves.
    if (!this.gone.aborted) await untilLost(this.device);
    return this.gone.aborted ? this.gone.reason : cause;
  }

  /** Encodes and submits one command buffer. */
  submit(encode: (encoder: GPUCommandEncoder) => void): void {
    this.assertUsable();
    const encoder = this.device.createCommandEncoder();
    encode(encoder);
    this.device.queue.submit([encoder.finish()]);
    this.submits++;
  }

  /** Waits for allocations and throws the first error since the last call. */
  async settle(): Promise<void> {
    this.assertUsable();
    await this.buffers.settle();
    this.assertUsable();
  }

  /** True on the first call with a pipeline, which then still has to be warmed up. */
  markWarm(pipeline: GPUComputePipeline): boolean {
    if (this.#warm.has(pipeline)) return false;
    this.#warm.add(pipeline);
    return true;
  }

  /** True once `close` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closes the device. Unsubmitted work is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fail(closedMessage);
    this.device.removeEventListener("uncapturederror", this.#uncaptured);
    this.device.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

// Firefox notices that the GPU has finished when something is submitted, otherwise by polling every 100 ms. So while a
// result is awaited there, empty submits follow one another: it is then read back after about 2 ms, not 50.

/** Milliseconds between two of these submits, at first and at most. */
const [first, longest] = [1, 16];

const looksRarely = /Firefox\//.test(globalThis.navigator?.userAgent ?? "");

/** Reports from a device's queue: that a buffer is mapped, that submitted work is done. */
class Reports {
  readonly #device: GPUDevice;
  #awaited = 0;
  #pause = first;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The same promise; until it settles, the browser is made to check for the report. */
  soon<T>(report: Promise<T>): Promise<T> {
    if (!looksRarely) return report;
    this.#awaited++;
    this.#lookAfter(first);
    return report.finally(() => this.#awaited--);
  }

  #lookAfter(pause: number): void {
    clearTimeout(this.#timer);
    this.#pause = pause;
    this.#timer = setTimeout(() => {
      if (this.#awaited === 0) return;
      this.#device.queue.submit([]);
      this.#lookAfter(Math.min(longest, 1.5 * this.#pause));
    }, pause);
  }
}

/** The lists of eager work that are not submitted yet; immediate submits overtake them. */
class Unsubmitted {
  readonly #lists = new Set<readonly Operation[]>();

  /** Adds a list, to which more may be appended, until `delete` marks it as submitted. */
  add(list: readonly Operation[]): void {
    this.#lists.add(list);
  }

  delete(list: readonly Operation[]): void {
    this.#lists.delete(list);
  }

  /** Throws when one of the lists uses one of these buffers and either use writes it. */
  assertApart(what: string, reads: ReadonlySet<GPUBuffer>, writes: ReadonlySet<GPUBuffer>): void {
    const storage = this.#conflict(reads, writes);
    if (storage) throw new GpuError(`${what}: work on ${storage.label} is not submitted yet; await gpu.flush() before`);
  }

  #conflict(reads: ReadonlySet<GPUBuffer>, writes: ReadonlySet<GPUBuffer>): Storage | undefined {
    for (const operations of this.#lists) {
      for (const operation of operations) {
        const changed = new Set(written(operation));
        for (const storage of touched(operation)) {
          const { buffer } = storage;
          if (buffer && (writes.has(buffer) || (changed.has(storage) && reads.has(buffer)))) return storage;
        }
      }
    }
    return undefined;
  }
}
