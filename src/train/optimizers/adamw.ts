import { adamW } from "../../kernels/optimizer/adamw.ts";
import { betasCheck } from "../../kernels/optimizer/step-kernel.ts";
import { atLeast, fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** AdamW's settings. */
export interface AdamWSettings {
  readonly name: "adamw";
  /** Decay rates of the means; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number] | undefined;
  /** Added to the bias-corrected root; default 1e-8. */
  readonly eps?: number | undefined;
  /** Default 0.01, as in PyTorch. */
  readonly weightDecay?: number | undefined;
}

/** The checks of AdamW's settings. */
export const adamwChecks = { betas: betasCheck, eps: atLeast(0), weightDecay: atLeast(0) } as const;

/** AdamW (Loshchilov and Hutter 2017), in PyTorch's definition. */
export const adamw: OptimizerKind<AdamWSettings> = {
  name: "adamw",
  fields: fieldsOf<AdamWSettings>({ name: required(oneOf("adamw")), ...adamwChecks }),
  of: ({ betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 }) => ({
    name: "adamw",
    weightDecay,
    state: (shape) => ({ first: shape, second: shape }),
    scalars: (step, rate) => [rate, 1 / (1 - betas[0] ** step), 1 / (1 - betas[1] ** step)],
    record: (gpu, updates, shared) => {
      for (const { parameter, gradient, state, decay } of updates) {
        const { first, second } = state as { readonly [name in "first" | "second"]: typeof parameter };
        adamW(gpu, { parameter, gradient, first, second, ...shared }, { betas, eps, decay });
      }
    },
  }),
};
