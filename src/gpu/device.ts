import type { AdapterInfo } from "./adapter.ts";
import { BindGroupCache } from "./bind-groups.ts";
import { BufferPool } from "./buffers.ts";
import { GpuError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import { untilLost } from "./loss.ts";
import { Pipelines } from "./pipelines.ts";
import { Reports } from "./reports.ts";
import { Unsubmitted } from "./unsubmitted.ts";

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
  /** What the queue has to report. */
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

  /** The error to throw for one that WebGPU gave: the device's own where it is closed or lost, which says why. */
  async explain(cause: unknown): Promise<unknown> {
    // What fails because the device is lost may fail before `lost` resolves.
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

  /** True the first time it is called with a pipeline: it still has to be warmed up. */
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
