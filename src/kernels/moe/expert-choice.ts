import source from "#shaders/moe/choose.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../kernel.ts";
import { softmax } from "../softmax/softmax.ts";

const choose = defineKernel({
  name: "moe/choose",
  source,
  inputs: { scores: "[t, e]" },
  outputs: { experts: "[t, e]", weights: "[t, e]" },
  dtypes: () => ({ experts: "u32" }),
  params: ({ t }, { capacity }: ExpertChoiceOptions) => ({ tokens: t, capacity }),
  specialise: ({ e }) => ({ constants: { EXPERTS: e } }),
  threads: ({ t, e }) => t * e,
  cost: ({ t, e }) => ({ flops: t * t * e, requestedBytes: 4 * t * e * (t + 3) }),
});

export interface ExpertChoiceOptions {
  /** Tokens that each expert takes; at most all. */
  readonly capacity: number;
}

/**
 * Experts that choose their tokens, those with the largest softmax over the experts (Zhou et al. 2022, section 3.2):
 * balanced by construction, and not causal. logits `[t, e]` → experts u32 `[t, e]`, i, or e for none, and weights `[t,
 * e]`, the score or 0, as `experts` accepts them with k = e. Throws `ShapeError` for an invalid capacity.
 */
export function expertChoice(
  gpu: Gpu,
  { logits }: { readonly logits: Tensor },
  options: ExpertChoiceOptions,
): { readonly experts: Tensor; readonly weights: Tensor } {
  const { capacity } = options;
  if (!Number.isInteger(capacity) || capacity < 0) {
    throw new ShapeError(`moe/choose: capacity is ${capacity}, expected 0 or more`);
  }
  return gpu.group("moe/expertChoice", "thread", { capacity }, () => {
    using scope = gpu.scope();
    const chosen = choose(gpu, { scores: softmax(gpu, { x: logits }).y }, options);
    return { experts: scope.keep(chosen.experts), weights: scope.keep(chosen.weights) };
  });
}
