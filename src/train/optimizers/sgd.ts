import { descend } from "../../kernels/optimizer/descend.ts";
import { momentum as withMomentum } from "../../kernels/optimizer/momentum.ts";
import { atLeast, belowOne, boolean, fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** SGD's settings. */
export interface SgdSettings {
  readonly name: "sgd";
  /** Decay rate of the velocity; default 0. */
  readonly momentum?: number | undefined;
  /** True: Nesterov momentum (Nesterov 1983); default false. */
  readonly nesterov?: boolean | undefined;
  /** Times the parameter, added to the gradient, as in PyTorch; default 0. */
  readonly weightDecay?: number | undefined;
}

/** Stochastic gradient descent with momentum, in PyTorch's form: `v = μ·v + g`, `p = p − rate·v`. */
export const sgd: OptimizerKind<SgdSettings> = {
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
