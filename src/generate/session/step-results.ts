import { unlessAborted } from "../../options/abort.ts";
import { elementsOf, plainType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BoundStep, SequenceState } from "./sequence-state.ts";

/** Copies that read a step's results back, and how to interpret them. */
export interface ReadBack {
  readonly staging: GPUBuffer;
  readonly mapped: Promise<void>;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** Encodes and submits a step, and what `also` encodes; the results are copied to the returned buffer. */
export function submitStep(
  { gpu }: Pick<SequenceState, "gpu">,
  bound: Pick<BoundStep, "outputs"> & { readonly instance: Pick<BoundStep["instance"], "run"> },
  also?: (encoder: GPUCommandEncoder) => void,
): GPUBuffer {
  const bytes = [...bound.outputs.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const staging = gpu.takeStaging(bytes);
  bound.instance.run((encoder) => {
    let at = 0;
    for (const output of bound.outputs.values()) {
      const from = output.storage.buffer;
      if (from) encoder.copyBufferToBuffer(from, output.offset * 4, staging, at, output.bytes);
      at += output.bytes;
    }
    also?.(encoder);
  });
  return staging;
}

/** Begins to read results back. */
export function awaited(
  { gpu }: Pick<SequenceState, "gpu">,
  staging: GPUBuffer,
  { outputs }: Pick<BoundStep, "outputs">,
): ReadBack {
  const mapped = gpu.reports.soon(staging.mapAsync(GPUMapMode.READ));
  mapped.catch(() => undefined); // awaited in readBack, or no longer needed
  return { staging, mapped, outputs };
}

/** The results of a step, by row. */
export interface StepResults {
  readonly chosen: Uint32Array;
  readonly ids?: Uint32Array;
  readonly logprobs?: Float32Array;
  readonly chosenLogprob?: Float32Array;
  readonly chosenRank?: Uint32Array;
  readonly peaks?: Uint32Array<ArrayBuffer>;
}

/** The results of a step, once computed. Throws the reason of `stop` once it aborts. */
export async function readBack(
  { gpu }: Pick<SequenceState, "gpu">,
  { staging, mapped, outputs }: ReadBack,
  stop: AbortSignal,
): Promise<StepResults> {
  try {
    await unlessAborted(mapped, stop);
  } catch (cause) {
    staging.destroy();
    throw cause;
  }
  const memory = staging.getMappedRange();
  let at = 0;
  const results: Record<string, unknown> = {};
  for (const [name, { dtype, size, bytes }] of outputs) {
    results[name] = elementsOf(plainType(dtype, "results"), memory.slice(at, at + bytes), 0, size);
    at += bytes;
  }
  staging.unmap();
  gpu.giveStaging(staging);
  return results as unknown as StepResults; // names and types are those of sampling's results
}

/** Submits a step and reads its results back: see `readBack`. */
export const computed = (state: SequenceState, bound: BoundStep, stop: AbortSignal): Promise<StepResults> =>
  readBack(state, awaited(state, submitStep(state, bound), bound), stop);

/** Releases results that are not needed. */
export async function discard({ gpu }: Pick<SequenceState, "gpu">, { staging, mapped }: ReadBack): Promise<void> {
  try {
    await mapped;
    staging.unmap();
    gpu.giveStaging(staging);
  } catch {
    staging.destroy();
  }
}
