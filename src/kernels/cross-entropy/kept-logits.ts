// Logits that a recording has whole wait for their gradients, which would otherwise begin with the same product once more.
// No memory is kept for longer than without: nothing is recorded between the two, and the gradients take its place.
import type { Gpu } from "../../gpu/gpu.ts";
import type { Recorded } from "../../gpu/recording.ts";
import type { Scope } from "../../gpu/scopes.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** By the log-sum-exp of their rows, by which the gradients know what they are of. */
const waiting = new WeakMap<Tensor, { readonly recorded: Recorded; readonly logits: Tensor }>();

/** Keeps the logits of rows with this log-sum-exp for the recording, if there is one. */
export function keepLogits(gpu: Gpu, scope: Scope, logits: Tensor, lse: Tensor): void {
  const { recorded } = gpu;
  if (recorded) waiting.set(lse, { recorded, logits: scope.keep(logits) });
}

/** The logits of rows with this log-sum-exp, to be written over: only once, and only in the recording that made them. */
export function takeLogits(gpu: Gpu, lse: Tensor): Tensor | undefined {
  const found = waiting.get(lse);
  if (!found || found.recorded !== gpu.recorded) return undefined;
  waiting.delete(lse);
  return found.logits;
}
