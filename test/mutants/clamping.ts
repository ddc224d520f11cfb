import { create, globals } from "webgpu";

/**
 * Makes Dawn clamp the indices of buffers itself, as it does where a driver gives no guarantee: an access beyond the
 * end of a binding then meets the last element. The guarantee of software drivers is to drop it, which hides mistakes.
 * The engine finds this instance where a browser has its own.
 */
export function clampStrayAccesses(): void {
  Object.assign(globalThis, globals);
  const features = "disable-dawn-features=timestamp_quantization,vulkan_use_buffer_robust_access_2";
  Object.defineProperty(globalThis, "navigator", { value: { gpu: create([features]) }, configurable: true });
}
