import { AllocationError, GpuError } from "../gpu/errors.ts";

const mebibytes = (bytes: number) => `${(Math.max(0, bytes) / 2 ** 20).toFixed(1)} MiB`;

/**
 * The error for a load that failed with `error`: where memory ran out, it says how much there was for the model, and with
 * which options it takes less. `before` is what the device held before, in bytes.
 */
export function explainMemory(error: unknown, before: number): unknown {
  if (!(error instanceof AllocationError)) return error;
  const had = mebibytes(error.held - before);
  const [what] = error.message.split(" (", 1); // then follow the driver's own lines
  return new GpuError(
    `${what}: this model had ${had} until then. What fits in that is a model with less weights, or this one with ` +
      'dtype: "f16", a shorter context, or a cache of int8',
    { cause: error },
  );
}
