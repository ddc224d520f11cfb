import type { Device } from "./device.ts";
import { GpuError } from "./errors.ts";

/** Reusable buffers for mapped reads, by size. */
export class ReadBack {
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
