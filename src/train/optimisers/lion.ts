import { lion as step } from "../../kernels/optimiser/lion.ts";
import { betasCheck } from "../../kernels/optimiser/step-kernel.ts";
import { atLeast, fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { OptimiserKind } from "./optimiser.ts";

/** Lion's settings. */
export interface LionSettings {
  readonly name: "lion";
  /** What the mean keeps in the direction of the step, and for the next one; default 0.9 and 0.99. */
  readonly betas?: readonly [number, number] | undefined;
  /** Default 0. */
  readonly weightDecay?: number | undefined;
}

/** Lion (Chen et al. 2023): steps of one size, by the sign of a mean; its rate is a third to a tenth of AdamW's. */
export const lion: OptimiserKind<LionSettings> = {
  name: "lion",
  fields: fieldsOf<LionSettings>({ name: required(oneOf("lion")), betas: betasCheck, weightDecay: atLeast(0) }),
  of: ({ betas = [0.9, 0.99], weightDecay = 0 }) => ({
    name: "lion",
    weightDecay,
    state: (shape) => ({ first: shape }),
    scalars: (_step, rate) => [rate],
    record: (gpu, updates, shared) => {
      for (const { parameter, gradient, state, decay } of updates) {
        const first = state["first"] as typeof parameter;
        step(gpu, { parameter, gradient, first, ...shared }, { betas, decay });
      }
    },
  }),
};
