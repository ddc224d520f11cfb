import source from "#shaders/moe/balance/bias.wgsl";
import clipGiven from "#shaders/optimizer/clip/factor.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { atLeast, required } from "../../options/checks.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";

/**
 * Moves the bias by which experts are chosen, f32 `[e]` in place, by `rate` up for an expert with fewer choices than
 * the mean, and down for one with more; an expert with the mean stays (Wang et al. 2024, "Auxiliary-loss-free load
 * balancing"; DeepSeek-V3 with a rate of 0.001). sums `[2e + 1]` are those of {@link routerStatistics}, of one batch or
 * of several added up. With `clip` f32 `[2]`, from `gradientNorm`, nothing moves where the norm of the gradients is not
 * finite.
 */
export const balanceBias = withOptions(
  defineKernel({
    name: "moe/balance/bias",
    source,
    inputs: { sums: "[columns]", "clip?": "[2]" },
    inout: { bias: "[e]" },
    params: (_axes, { rate }: { readonly rate: number }) => ({ rate }),
    specialise: ({ e }, _options, { dtypes }) => ({
      parts: dtypes["clip"] ? [clipGiven] : [],
      constants: { EXPERTS: e },
    }),
    workgroups: () => [1, 1],
    cost: ({ e }, _options, { dtypes }) => {
      const { WORKGROUP } = constantsOf(source, "WORKGROUP");
      return { flops: 3 * e, requestedBytes: 4 * (e * (WORKGROUP + 3) + (dtypes["clip"] ? WORKGROUP : 0)) };
    },
  }),
  { rate: required(atLeast(0)) },
);
