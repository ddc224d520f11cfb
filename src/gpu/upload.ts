import type { Device } from "./device/device.ts";
import { AllocationError, GpuError } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** Bytes of one staging buffer; two alternate, so that one is filled while the other is copied. */
export const stagingBytes = 4 << 20;

/**
 * Fills storage piece by piece through two staging buffers that are mapped, filled and copied in turn, so that no
 * second copy of a model ever exists. (`queue.writeBuffer` would do, but Dawn keeps the memory of a buffer whose first
 * use it was.)
 */
export class Uploader {
  readonly #gpu: Device;
  readonly #free: GPUBuffer[] = [];
  readonly #waiting: Promise<GPUBuffer>[] = [];
  readonly #checks: Promise<void>[] = [];
  #failure: AllocationError | undefined;
  #disposed = false;

  constructor(gpu: Device) {
    this.#gpu = gpu;
    gpu.assertUsable();
    try {
      for (let i = 0; i < 2; i++) this.#free.push(this.#staging());
    } catch (cause) {
      this.dispose();
      throw this.#failed({ cause });
    }
  }

  #staging(): GPUBuffer {
    const { device } = this.#gpu;
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    device.pushErrorScope("out-of-memory");
    try {
      return device.createBuffer({ label: "upload", size: stagingBytes, usage, mappedAtCreation: true });
    } finally {
      const check = device.popErrorScope().then(
        (error) => {
          if (error) this.#failure ??= this.#failed({ cause: error });
        },
        () => undefined, // the device is lost, which is reported on its next use
      );
      this.#checks.push(check);
    }
  }

  #failed(options: ErrorOptions): AllocationError {
    const { allocatedBytes } = this.#gpu.buffers;
    return new AllocationError(`upload: ${stagingBytes} bytes could not be allocated`, allocatedBytes, options);
  }

  /** Copies `bytes` (at most `stagingBytes`) to `offset`, a multiple of 4; the last word is padded with zeros. */
  async write(storage: Storage, offset: number, bytes: Uint8Array): Promise<void> {
    const size = Math.ceil(bytes.byteLength / 4) * 4;
    if (size > stagingBytes || offset % 4 !== 0 || offset + size > storage.bytes) {
      throw new RangeError(
        `${storage.label}: ${bytes.byteLength} bytes to ${offset}, expected at most ${stagingBytes} bytes within ` +
          `${storage.bytes}, from a multiple of 4`,
      );
    }
    const target = storage.buffer;
    if (!target) throw new TypeError(`${storage.label}: cannot upload to storage of a recorded program`);
    await Promise.all([this.#gpu.buffers.checked(), ...this.#checks.splice(0)]);
    const failure = this.#failure ?? this.#gpu.buffers.failure(target);
    if (failure) throw failure;
    const staging = this.#free.pop() ?? (await this.#next());
    if (this.#disposed) {
      staging.destroy();
      throw new GpuError(`${storage.label}: the upload was given up`);
    }
    try {
      const memory = new Uint8Array(staging.getMappedRange(0, size));
      memory.fill(0, bytes.byteLength);
      memory.set(bytes);
      staging.unmap();
      this.#gpu.submit((encoder) => encoder.copyBufferToBuffer(staging, 0, target, offset, size));
    } catch (cause) {
      staging.destroy();
      throw await this.#gpu.explain(cause);
    }
    const mapped = this.#gpu.reports.soon(staging.mapAsync(GPUMapMode.WRITE)).then(() => staging);
    mapped.catch(() => undefined); // awaited in #next or finish, or the device is lost
    this.#waiting.push(mapped);
  }

  async #next(): Promise<GPUBuffer> {
    const first = this.#waiting.shift();
    if (!first) throw new GpuError("upload: it was given up, or no staging buffer is mapped");
    try {
      return await first;
    } catch (cause) {
      throw await this.#gpu.explain(cause);
    }
  }

  /** Waits for the copies and frees the staging buffers. */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0) this.#free.push(await this.#next());
    this.dispose();
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#free) buffer.destroy();
    this.#free.length = 0;
    for (const waiting of this.#waiting) waiting.then((buffer) => buffer.destroy()).catch(() => undefined);
    this.#waiting.length = 0;
  }
}
