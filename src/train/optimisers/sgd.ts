import { descend } from "../../kernels/optimiser/descend.ts";
import { momentum as withMomentum } from "../../kernels/optimiser/momentum.ts";
import { atLeast, belowOne, boolean, fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { OptimiserKind } from "./optimiser.ts";

/** SGD's settings. */
export interface SgdSettings {
  readonly name: "sgd";
  /** What the velocity keeps from step to step; default 0. */
  readonly momentum?: number | undefined;
  /** True: the gradient where the velocity is going (Nesterov 1983); default false. */
  readonly nesterov?: boolean | undefined;
  /** Added to the gradient times the parameter, as in PyTorch; default 0. */
  readonly weightDecay?: number | undefined;
}

/** Stochastic gradient descent with momentum, in PyTorch's form: `v = μ·v + g`, `p = p − rate·v`. */
export const sgd: OptimiserKind<SgdSettings> = {
  name: "sgd",
  fields: fieldsOf<SgdSettings>({
    name: required(oneOf("sgd")),
    momentum: belowOne,
    nesterov: boolean,
    weightDecay: atLeast(0),
  }),
  of: ({ momentum = 0, nesterov = false, weightDecay = 0 }) => ({
    name: "sgd",
    weightDecay,
    state: (shape) => ({ velocity: shape }),
    scalars: (_step, rate) => [rate],
    record: (gpu, updates, { scalars, clip }) => {
      for (const { parameter, gradient, state, decay } of updates) {
        const velocity = state["velocity"] as typeof parameter;
        const ahead = nesterov ? { ahead: 1, held: momentum } : {};
        const { update } = withMomentum(gpu, { gradient, parameter, velocity, clip }, { momentum, decay, ...ahead });
        descend(gpu, { parameter, update, scalars, clip });
      }
    },
  }),
};
