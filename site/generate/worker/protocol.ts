import type { GpuOptions } from "../../../src/gpu/device/open.ts";
import type { DeviceFacts, Missing } from "../../shell/device/device.ts";

/** The page's one message to its worker: the port on which to serve the engine. */
export interface Begin {
  readonly sim: string | undefined;
  readonly port: MessagePort;
}

/** The worker's answer: the device it found, and how the engine should open it; or the reason for having none. */
export type Found =
  | { readonly kind: "opened"; readonly facts: DeviceFacts; readonly gpu: GpuOptions }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string };
