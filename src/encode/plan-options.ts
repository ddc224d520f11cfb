import { gpuChecks } from "../gpu/device/gpu-options.ts";
import type { Limits } from "../gpu/device/limits.ts";
import { type WeightType, weightTypes } from "../kernels/formats/formats.ts";
import { fieldsOf, having, oneOf } from "../options/checks.ts";

/** Options of `planEncoder` and `planEncoderDecoder`: those of the load that is planned, and what the device has. */
export interface PlanEncoderOptions {
  /** Element type of matrices on the device; default as stored. */
  readonly dtype?: WeightType | undefined;
  /** Of the device, in bytes, such as `gpu.limits`; default those that every device of WebGPU has. */
  readonly limits?: Partial<Limits> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The same, ready to be checked. */
export const planFields = fieldsOf<PlanEncoderOptions>({
  dtype: oneOf(...weightTypes),
  limits: gpuChecks.cap,
  signal: having("aborted", "an AbortSignal"),
});
