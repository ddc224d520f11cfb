import { lion as step } from "../../kernels/optimizer/lion.ts";
import { betasCheck } from "../../kernels/optimizer/step-kernel.ts";
import { atLeast, fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** Lion's settings. */
export interface LionSettings {
  readonly name: "lion";
  /** Decay rates of the mean for the step's direction, and for the next step; default 0.9 and 0.99. */
  readonly betas?: readonly [number, number] | undefined;
  /** Default 0. */
  readonly weightDecay?: number | undefined;
}

/** Lion (Chen et al. 2023): steps of equal size, by the sign of a mean; use a third to a tenth of AdamW's rate. */
export const lion: OptimizerKind<LionSettings> = {
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
