import type { GpuOptions } from "../../../src/gpu/open.ts";
import type { DeviceFacts, Missing } from "../../shell/device/device.ts";

/** What the page sends its worker, once: the port on which the engine is to be served. */
export interface Begin {
  readonly sim: string | undefined;
  readonly port: MessagePort;
}

/** What the worker answers: the device it found, and how the engine is to open it; or why there is none. */
export type Found =
  | { readonly kind: "opened"; readonly facts: DeviceFacts; readonly gpu: GpuOptions }
  | { readonly kind: "missing"; readonly missing: Missing; readonly detail: string };
