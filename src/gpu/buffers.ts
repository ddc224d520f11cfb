import { GpuError } from "./errors.ts";

const usage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/** Sizes in the pool: powers of two and the three quarter steps between them, so that at most a fifth is wasted. */
export function pooledSize(bytes: number): number {
  const size = Math.max(256, bytes);
  const power = 2 ** Math.floor(Math.log2(size));
  for (const step of [1, 1.25, 1.5, 1.75, 2]) if (power * step >= size) return Math.ceil((power * step) / 16) * 16;
  return power * 2;
}

/**
 * Buffers by size, used again and again. A buffer goes back as soon as its tensor is disposed, also when work that
 * uses it is still recorded or running: the next user's work comes later on the same queue.
 */
export class BufferPool {
  /** Bytes of all buffers that exist, in use or free. */
  allocatedBytes = 0;
  /** Buffers made so far: a decode step must not add to it. */
  created = 0;
  /** For tests: every buffer starts as NaN and none is used twice, so that reading what nobody wrote shows. */
  poison = false;
  readonly #device: GPUDevice;
  readonly #limit: number;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #failures: Promise<void>[] = [];
  #failure: GpuError | undefined;
  readonly #onDestroy: (buffer: GPUBuffer) => void;

  constructor(device: GPUDevice, limit: number, onDestroy: (buffer: GPUBuffer) => void) {
    this.#device = device;
    this.#limit = limit;
    this.#onDestroy = onDestroy;
  }

  /** A buffer of at least `bytes`; its contents are whatever its last user left. */
  take(label: string, bytes: number): GPUBuffer {
    if (this.poison) {
      return this.createFilled(label, bytes, (memory) => new Uint32Array(memory).fill(0x7fc00000));
    }
    const size = Math.min(pooledSize(bytes), Math.max(this.#limit, bytes));
    const reused = this.#free.get(size)?.pop();
    if (reused) {
      reused.label = label;
      return reused;
    }
    return this.create(label, size, false);
  }

  /** A new buffer of `bytes`, of a size the pool can use again if small, with `fill` run on its mapped memory. */
  createFilled(label: string, bytes: number, fill: (memory: ArrayBuffer) => void): GPUBuffer {
    // Dawn never frees a buffer whose first use was queue.writeBuffer, so first contents go in while it is mapped.
    const size = bytes <= 1 << 20 ? Math.min(pooledSize(bytes), this.#limit) : Math.ceil(bytes / 4) * 4;
    const buffer = this.create(label, Math.max(size, Math.ceil(bytes / 4) * 4), true);
    fill(buffer.getMappedRange());
    buffer.unmap();
    return buffer;
  }

  create(label: string, bytes: number, mapped: boolean): GPUBuffer {
    if (bytes > this.#limit) {
      throw new GpuError(`${label}: a buffer of ${bytes} bytes is larger than this device's ${this.#limit} bytes`);
    }
    this.#device.pushErrorScope("out-of-memory");
    let buffer: GPUBuffer;
    try {
      buffer = this.#device.createBuffer({
        label,
        size: Math.max(16, bytes),
        usage: usage(),
        mappedAtCreation: mapped,
      });
    } catch (cause) {
      void this.#device.popErrorScope();
      throw new GpuError(`${label}: ${bytes} bytes could not be allocated`, { cause });
    }
    const check = this.#device.popErrorScope().then(
      (error) => {
        if (error) this.#failure ??= new GpuError(`${label}: ${bytes} bytes could not be allocated (${error.message})`);
      },
      () => undefined, // the device is lost; that is reported where it is used
    );
    this.#failures.push(check);
    this.allocatedBytes += bytes;
    this.created++;
    return buffer;
  }

  /** Gives a pooled buffer back. */
  give(buffer: GPUBuffer): void {
    if (this.poison) return;
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
  }

  /** Frees a buffer for good. Work that uses it must have been submitted. */
  destroy(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    this.#onDestroy(buffer);
    buffer.destroy();
  }

  /** Frees every buffer that nobody uses. */
  trim(): void {
    for (const list of this.#free.values()) for (const buffer of list) this.destroy(buffer);
    this.#free.clear();
  }

  /** Waits for the allocations made so far; throws the first that failed. */
  async settle(): Promise<void> {
    await Promise.all(this.#failures.splice(0));
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }
}
