import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer, listOf, oneOf, size } from "../../options/checks.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import type { ExpertsOptions, ExpertsResult, ExpertsTensors } from "./experts-problem.ts";
import { bounded, dense, grouped, loop, subgroups, vector } from "./rungs.ts";

export type { ExpertsOptions, ExpertsResult, ExpertsTensors } from "./experts-problem.ts";

/** The variants that the order chooses from: those of models. */
const routed = { grouped, bounded, subgroups, vector, dense } as const;
const variants = { grouped, bounded, subgroups, vector, loop, dense } as const;

const tensors = tensorFields("x", "experts", "weights", "gateUp", "gateUpBias?", "down", "downBias?");
const options = fieldsOf<ExpertsOptions>({
  activation: oneOf("swiglu", "clamped-swiglu"),
  capacity: integer(1, 2 ** 32 - 1),
  counts: listOf(size),
});

/** Variants in order of preference. */
function order({ x }: ExpertsTensors, _options: ExpertsOptions, gpu: Gpu): readonly (keyof typeof routed)[] {
  const many = tuning(gpu).expertsOfManyTokens;
  return (x.shape[0] ?? 0) <= 8 ? ["vector", ...many] : many;
}

/**
 * The feed-forward layers of the experts chosen by a router, `y[t] = Σ weights[t, i] · down(act(gate · x[t], up ·
 * x[t]))` over their experts in the order of the choices (Shazeer et al. 2017; Jiang et al. 2024 for the gated form). x
 * `[t, c]`, experts u32 `[t, k]` and weights `[t, k]` as `route` returns them → y `[t, c]`. The weights of all experts
 * are one matrix each: gateUp `[e · 2f, c]`, whose rows 2j and 2j + 1 of each expert are gate and up of hidden column
 * j, and down `[e · c, f]`; of any of `weightTypes`, in any number of segments. An id of e or more is no expert.
 * Nothing is read back to the CPU. Throws `ShapeError` for shapes that do not fit.
 */
export const experts = /* @__PURE__ */ defineOp<ExpertsTensors, ExpertsOptions, ExpertsResult, typeof variants>(
  { name: "moe/experts", variants, order },
  { tensors, options },
);

/** The same without the baseline that is only used by its name: what models need. */
export const routedExperts = /* @__PURE__ */ defineOp<ExpertsTensors, ExpertsOptions, ExpertsResult, typeof routed>(
  { name: "moe/experts", variants: routed, order },
  { tensors, options },
);
