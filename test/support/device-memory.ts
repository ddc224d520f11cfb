import { requestAdapter } from "../../src/gpu/adapter.ts";

/** Bytes of the buffers that all WebGPU devices of this process hold. */
export interface DeviceMemory {
  readonly bytes: number;
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
  device.createBuffer = function (this: GPUDevice, descriptor) {
    const made = create.call(this, descriptor);
    live.set(made, descriptor.size);
    return made;
  };
  buffer.destroy = function (this: GPUBuffer) {
    live.delete(this);
    return destroy.call(this);
  };
  return {
    get bytes() {
      return [...live.values()].reduce((sum, size) => sum + size, 0);
    },
    end() {
      device.createBuffer = create;
      buffer.destroy = destroy;
    },
  };
}
