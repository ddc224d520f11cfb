import source from "#shaders/moe/choose.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, required, size } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
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
  cost: ({ t, e }) => ({ flops: t * t * e, requestedBytes: 4 * t * e * (t + 4) }),
});

export interface ExpertChoiceOptions {
  /** Tokens that each expert takes; at most all. */
  readonly capacity: number;
}

const fields = tensorFields("logits");
const choices = fieldsOf<ExpertChoiceOptions>({ capacity: required(size) });

/**
 * Experts that choose their tokens, those with the largest softmax over the experts (Zhou et al. 2022, section 3.2):
 * balanced by construction, and not causal. logits `[t, e]` → experts u32 `[t, e]`, i, or e for none, and weights `[t,
 * e]`, the score or 0, as `experts` accepts them with k = e. Throws `ShapeError` for an invalid capacity.
 */
export function expertChoice(
  gpu: Gpu,
  tensors: { readonly logits: Tensor },
  options: ExpertChoiceOptions,
): { readonly experts: Tensor; readonly weights: Tensor } {
  checkCall("expertChoice", fields, tensors, choices, options);
  const { logits } = tensors;
  const { capacity } = options;
  const heading = { op: "moe/expertChoice", variant: "thread", options: { capacity }, by: expertChoice, tensors };
  return gpu.group(heading, () => {
    using scope = gpu.scope();
    const chosen = choose(gpu, { scores: softmax(gpu, { x: logits }).y }, options);
    return { experts: scope.keep(chosen.experts), weights: scope.keep(chosen.weights) };
  });
}
