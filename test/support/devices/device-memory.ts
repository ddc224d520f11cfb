import { requestAdapter } from "../../../src/gpu/device/adapter.ts";

/** Bytes of the buffers that all WebGPU devices of this process hold. */
export interface DeviceMemory {
  readonly bytes: number;
  /** A buffer with which they would be more than so many bytes is asked for with 1 GiB, which SwiftShader lacks. */
  limit: number;
  /** Ends the count. */
  end(): void;
}

/** Counts the buffers that are made from now on, and are not destroyed. */
export async function deviceMemory(): Promise<DeviceMemory> {
  const { adapter } = await requestAdapter();
  const sample = await adapter.requestDevice();
  const device = Object.getPrototypeOf(sample) as GPUDevice;
  const buffer = Object.getPrototypeOf(sample.createBuffer({ size: 4, usage: 1 << 3 })) as GPUBuffer;
  sample.destroy();
  const [create, destroy] = [device.createBuffer, buffer.destroy];
  const live = new Map<GPUBuffer, number>();
  const sum = () => [...live.values()].reduce((total, size) => total + size, 0);
  const memory: DeviceMemory = {
    get bytes() {
      return sum();
    },
    limit: Number.POSITIVE_INFINITY,
    end() {
      device.createBuffer = create;
      buffer.destroy = destroy;
    },
  };
  device.createBuffer = function (this: GPUDevice, descriptor) {
    const more = sum() + descriptor.size > memory.limit;
    const made = create.call(this, more ? { ...descriptor, size: 2 ** 30 } : descriptor);
    if (!more) live.set(made, descriptor.size);
    return made;
  };
  buffer.destroy = function (this: GPUBuffer) {
    live.delete(this);
    return destroy.call(this);
  };
  return memory;
}
