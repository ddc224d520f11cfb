import { requestAdapter } from "../../../src/gpu/device/adapter.ts";

/** The WebGPU devices of this process or page, for tests that lose them. */
export interface DestroyableDevices {
  /** How many were opened since the watch began. */
  readonly opened: number;
  /** Destroys the one that was opened last. */
  destroy(): void;
  /** Ends the watch. */
  end(): void;
}

/** Watches the devices that any adapter opens from now on. */
export async function destroyable(): Promise<DestroyableDevices> {
  const { adapter } = await requestAdapter();
  const prototype = Object.getPrototypeOf(adapter) as GPUAdapter;
  const own = prototype.requestDevice;
  const devices: GPUDevice[] = [];
  prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
    const device = await own.call(this, descriptor);
    devices.push(device);
    return device;
  };
  return {
    get opened() {
      return devices.length;
    },
    destroy: () => devices.at(-1)?.destroy(),
    end: () => {
      prototype.requestDevice = own;
    },
  };
}
