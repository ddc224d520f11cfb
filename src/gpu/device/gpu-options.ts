import { type Checks, integer, listOf, object, oneOf, text } from "../../options/checks.ts";
import type { AdapterRequest } from "./adapter-info.ts";
import type { Limits } from "./limits.ts";

/** Which device to open, and which of its features and limits to use. */
export interface GpuOptions extends AdapterRequest {
  /**
   * Features to use; `[]` runs without any.
   * @defaultValue all that the engine knows and the adapter has
   */
  readonly features?: readonly string[];
  /**
   * Limits lower than the adapter's, to behave as a smaller device would.
   * @defaultValue the adapter's
   */
  readonly cap?: Partial<Limits>;
}

const limit = integer(1);

/** Checks of the options of `openGpu`. */
export const gpuChecks: Checks<GpuOptions> = {
  adapter: text,
  powerPreference: oneOf("high-performance", "low-power"),
  features: listOf(text),
  cap: object<Limits>({
    binding: limit,
    buffer: limit,
    workgroupBytes: limit,
    invocations: limit,
    storageBuffers: limit,
    workgroups: limit,
  }),
};
