import { AllocationError, GpuError } from "./errors.ts";

const usage = () => {
  const { STORAGE, UNIFORM, INDIRECT, COPY_SRC, COPY_DST } = GPUBufferUsage;
  return STORAGE | UNIFORM | INDIRECT | COPY_SRC | COPY_DST;
};

/**
 * Buffers with initial contents are pooled up to this size; larger ones have exactly the requested size and are freed.
 */
const pooledUploads = 1 << 20;

/** Sizes in the pool: powers of two and the three quarter steps between them, so that at most a fifth is wasted. */
export function pooledSize(bytes: number): number {
  const size = Math.max(256, bytes);
  const power = 2 ** Math.floor(Math.log2(size));
  for (const step of [1, 1.25, 1.5, 1.75, 2]) if (power * step >= size) return Math.ceil((power * step) / 16) * 16;
  return power * 2;
}

/** A free buffer, and the last list of eager work that may still use it. */
interface FreeBuffer {
  readonly buffer: GPUBuffer;
  readonly list: number;
}

/**
 * Reusable buffers by size. A buffer returns to the pool as soon as its tensor is disposed, even while work that uses
 * it is still recorded or running: the next eager user's work comes later on the same queue. Code that writes or
 * destroys a buffer at once, or submits ahead of the eager work, may only take one whose eager work is submitted.
 */
export class BufferPool {
  /** Bytes of all existing buffers, in use or free. */
  allocatedBytes = 0;
  /** Buffers made so far: a decode step must not add to it. */
  created = 0;
  /** For tests: every buffer starts as NaN and none is reused, so that reads of unwritten memory show. */
  poison = false;
  /** Number of the latest list that has eager work. */
  recorded = 0;
  /** Called with each buffer that is about to be destroyed, or that nothing will take again. */
  onGone: (buffer: GPUBuffer) => void = () => {};
  #submitted = 0;
  readonly #device: GPUDevice;
  readonly #limit: number;
  readonly #free = new Map<number, FreeBuffer[]>();
  readonly #doomed: FreeBuffer[] = [];
  readonly #single = new WeakSet<GPUBuffer>();
  readonly #checks = new Set<Promise<void>>();
  readonly #failures = new WeakMap<GPUBuffer, GpuError>();
  #unreported: GpuError | undefined;

  constructor(device: GPUDevice, limit: number) {
    this.#device = device;
    this.#limit = limit;
  }

  /**
   * A buffer of at least `bytes`, with arbitrary contents. With `submitted`, one that no unsubmitted eager work uses.
   */
  take(label: string, bytes: number, { submitted = false } = {}): GPUBuffer {
    if (this.poison) {
      return this.createFilled(label, bytes, (memory) => new Uint32Array(memory).fill(0x7fc00000));
    }
    const size = Math.min(pooledSize(bytes), Math.max(this.#limit, bytes));
    return this.#reuse(label, size, submitted) ?? this.create(label, size, false);
  }

  #reuse(label: string, size: number, submitted: boolean): GPUBuffer | undefined {
    const list = this.#free.get(size);
    const index = list?.findLastIndex((free) => !submitted || free.list <= this.#submitted) ?? -1;
    const [found] = index < 0 ? [] : (list?.splice(index, 1) ?? []);
    if (found) found.buffer.label = label;
    return found?.buffer;
  }

  /** A buffer of at least `bytes` with initial contents: `fill` is called with zeros. */
  createFilled(label: string, bytes: number, fill: (memory: ArrayBuffer) => void): GPUBuffer {
    const exact = Math.ceil(bytes / 4) * 4;
    const pooled = bytes <= pooledUploads;
    const size = Math.max(exact, pooled ? Math.min(pooledSize(bytes), this.#limit) : 0);
    const reused = pooled && !this.poison ? this.#reuse(label, size, true) : undefined;
    if (reused) {
      const memory = new ArrayBuffer(exact);
      fill(memory);
      this.#device.queue.writeBuffer(reused, 0, memory);
      return reused;
    }
    // Dawn never frees a buffer whose first use was queue.writeBuffer, so initial contents are written while it is
    // mapped.
    const buffer = this.create(label, size, true);
    fill(buffer.getMappedRange());
    buffer.unmap();
    if (!pooled) this.#single.add(buffer);
    return buffer;
  }

  /** A buffer of zeros of exactly this size, which is freed when it is released. */
  createUnpooled(label: string, bytes: number): GPUBuffer {
    const buffer = this.create(label, Math.ceil(bytes / 16) * 16, false); // WebGPU initialises buffers to zeros
    this.#single.add(buffer);
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
      throw new AllocationError(`${label}: ${bytes} bytes could not be allocated`, this.allocatedBytes, { cause });
    }
    this.allocatedBytes += buffer.size;
    this.created++;
    const check = this.#device.popErrorScope().then(
      (error) => {
        if (error) this.#fail(buffer, `${label}: ${bytes} bytes could not be allocated (${error.message})`);
      },
      () => undefined, // the device is lost, which is reported on its next use
    );
    this.#checks.add(check);
    void check.finally(() => this.#checks.delete(check));
    return buffer;
  }

  #fail(buffer: GPUBuffer, message: string): void {
    this.allocatedBytes -= buffer.size;
    const failure = new AllocationError(message, this.allocatedBytes);
    this.#failures.set(buffer, failure);
    this.#unreported ??= failure;
    for (const list of this.#free.values()) {
      const index = list.findIndex((free) => free.buffer === buffer);
      if (index >= 0) list.splice(index, 1);
    }
  }

  /** Why a buffer's allocation failed; known once `checked`. */
  failure(buffer: GPUBuffer): GpuError | undefined {
    const failure = this.#failures.get(buffer);
    if (failure !== undefined && failure === this.#unreported) this.#unreported = undefined;
    return failure;
  }

  /** Returns a buffer to the pool. */
  give(buffer: GPUBuffer): void {
    if (this.#failures.has(buffer)) return;
    if (this.poison) {
      this.onGone(buffer);
      return;
    }
    const free = { buffer, list: this.recorded };
    if (this.#single.has(buffer)) {
      this.#doomed.push(free);
      this.#destroyDoomed();
      return;
    }
    const list = this.#free.get(buffer.size);
    if (list) list.push(free);
    else this.#free.set(buffer.size, [free]);
  }

  /**
   * Returns buffers in the reverse of the order in which they were taken. The pool hands out the one returned last, so
   * a caller that takes as many again gets each for the same use, and its bind groups still exist.
   */
  giveAll(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of [...buffers].reverse()) this.give(buffer);
  }

  /** Notes that eager work up to and including list `list` is submitted. */
  markSubmitted(list: number): void {
    this.#submitted = Math.max(this.#submitted, list);
    this.#destroyDoomed();
  }

  #destroyDoomed(): void {
    for (const { buffer } of extract(this.#doomed, ({ list }) => list <= this.#submitted)) this.destroy(buffer);
  }

  /** Frees a buffer for good. Work that uses it must have been submitted. */
  destroy(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    this.onGone(buffer);
    buffer.destroy();
  }

  /** Frees every unused buffer. */
  trim(): void {
    for (const list of this.#free.values()) {
      for (const { buffer } of extract(list, (free) => free.list <= this.#submitted)) this.destroy(buffer);
    }
  }

  /** Waits until every allocation made so far has succeeded or failed. */
  async checked(): Promise<void> {
    if (this.#checks.size > 0) await Promise.all(this.#checks);
  }

  /** Waits for the allocations made so far; throws the first failure that was not thrown before. */
  async settle(): Promise<void> {
    await this.checked();
    const failure = this.#unreported;
    this.#unreported = undefined;
    if (failure) throw failure;
  }
}

/** Removes from a list the items for which `wanted` holds, and returns them. */
function extract<T>(list: T[], wanted: (item: T) => boolean): T[] {
  const out = list.filter(wanted);
  if (out.length > 0) list.splice(0, list.length, ...list.filter((item) => !wanted(item)));
  return out;
}
