import source from "#shaders/moe/balance.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { atLeast, required } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/**
 * Moves the bias by which experts are chosen, f32 `[e]` in place, by `rate` up for an expert with fewer choices than the
 * mean, and down for one with more; an expert with the mean stays (Wang et al. 2024, "Auxiliary-loss-free load balancing";
 * DeepSeek-V3 with a rate of 0.001). sums `[2e + 1]` are those of {@link routerStatistics}, of one batch or of several
 * added up.
 */
export const balanceBias = withOptions(
  defineKernel({
    name: "moe/balance",
    source,
    inputs: { sums: "[columns]" },
    inout: { bias: "[e]" },
    params: (_axes, { rate }: { readonly rate: number }) => ({ rate }),
    specialise: ({ e }) => ({ constants: { EXPERTS: e } }),
    workgroups: () => [1, 1],
    cost: ({ e }) => ({ flops: 3 * e, requestedBytes: 4 * e * (constantsOf(source, "WORKGROUP").WORKGROUP + 3) }),
  }),
  { rate: required(atLeast(0)) },
);
