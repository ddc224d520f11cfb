import type { Gpu } from "../../../gpu/gpu.ts";
import {
  type DeltaRuleOptions,
  type DeltaRuleResult,
  type DeltaRuleTensors,
  deltaRule,
} from "../../../kernels/linear-recurrence/delta-rule.ts";
import { deltaRuleBackward } from "../../../kernels/linear-recurrence/delta-rule-backward.ts";
import {
  type StateSpaceOptions,
  type StateSpaceResult,
  type StateSpaceTensors,
  stateSpace,
} from "../../../kernels/linear-recurrence/state-space.ts";
import { stateSpaceBackward } from "../../../kernels/linear-recurrence/state-space-backward.ts";
import { GradientError, ruleOf } from "../rule.ts";

/** @throws GradientError where the state was overwritten, which the gradients read. */
function refuseInPlace(op: string, inPlace: boolean | undefined): void {
  if (inPlace) throw new GradientError(`gradients: ${op} with inPlace overwrites the state that its gradient reads`);
}

/** All inputs get theirs from one walk over the chunks, from the last to the first. */
export const deltaRuleRule = ruleOf<DeltaRuleTensors, DeltaRuleResult, DeltaRuleOptions>(
  deltaRule,
  (gpu: Gpu, { tensors, options: { inPlace, ...options }, gradient: { out: dout, state: dstate } }) => {
    refuseInPlace("deltaRule", inPlace);
    const found = deltaRuleBackward(gpu, { ...tensors, dout, dstate }, options);
    const { dq: q, dk: k, dv: v, dbeta: beta, dg: g, dstate: state } = found;
    return { q, k, v, beta, g, state };
  },
);

/** As of {@link deltaRuleRule}. */
export const stateSpaceRule = ruleOf<StateSpaceTensors, StateSpaceResult, StateSpaceOptions>(
  stateSpace,
  (gpu: Gpu, { tensors, options, gradient: { y: dy, state: dstate } }) => {
    refuseInPlace("stateSpace", options.inPlace);
    const found = stateSpaceBackward(gpu, { ...tensors, dy, dstate });
    const { dx: x, ddt: dt, da: a, db: b, dc: c, dd: d, dstate: state } = found;
    return { x, dt, a, b, c, d, state };
  },
);
