import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { asContiguous } from "../layout/contiguous.ts";
import { l2Normalise } from "../norm/l2-normalise.ts";
import { l2NormaliseBackward } from "../norm/l2-normalise-backward.ts";
import { recurrenceGradients } from "./backward.ts";
import {
  checkDeltaRule,
  type DeltaRuleOptions,
  type DeltaRuleTensors,
  deltaRuleChecks,
  deltaRuleProblem,
  lengthEps as eps,
} from "./delta-rule.ts";
import type { RecurrenceUpstream } from "./problem.ts";

/** The tensors of `deltaRule`, and gradients of its results. */
export type DeltaRuleGradientTensors = DeltaRuleTensors & RecurrenceUpstream;

/** Gradients of the tensors of `deltaRule`, in their shapes; `dstate` is that of the first state. */
export interface DeltaRuleGradients {
  readonly dq: Tensor;
  readonly dk: Tensor;
  readonly dv: Tensor;
  readonly dbeta: Tensor;
  readonly dg?: Tensor;
  readonly dstate: Tensor;
}

/** The options of the rule that its gradient has, too. */
type DeltaRuleGradientOptions = Omit<DeltaRuleOptions, "inPlace">;

/** Recomputes the states before each chunk, then goes from the last chunk to the first. */
const chunks = {
  accepts: (tensors: DeltaRuleGradientTensors): string | undefined => {
    checkDeltaRule("deltaRuleBackward", tensors);
    return undefined;
  },
  record: (gpu: Gpu, tensors: DeltaRuleGradientTensors, options: DeltaRuleGradientOptions): DeltaRuleGradients => {
    using scope = gpu.scope();
    const [q, k] = [asContiguous(gpu, tensors.q), asContiguous(gpu, tensors.k)];
    const unit = (x: Tensor) => (options.normalise ? l2Normalise(gpu, { x }, { eps }).y : x);
    const given = { ...tensors, q: unit(q), k: unit(k) };
    const { dlog, ...found } = recurrenceGradients(gpu, given, deltaRuleProblem(tensors, options));
    const before = (x: Tensor, dy: Tensor) =>
      options.normalise ? l2NormaliseBackward(gpu, { x, dy }, { eps }).dx : dy;
    return {
      dq: scope.keep(before(q, found.dq)),
      dk: scope.keep(before(k, found.dk)),
      dv: scope.keep(found.dv),
      dbeta: scope.keep(found.dbeta),
      ...(dlog && tensors.g ? { dg: scope.keep(reshape(dlog, tensors.g.shape)) } : {}),
      dstate: scope.keep(found.dstate),
    };
  },
};

const variants = { chunks } as const;

/**
 * Gradients of `deltaRule` for all its tensors from those of its results, by chunks of 16 tokens: with U what the
 * tokens of a chunk wrote, each gradient is a product within the chunk, and two scans carry the state and its gradient
 * (after Yang et al. 2024, section 3). Shapes as there. The states before all chunks are kept in memory, d / 16 times
 * the size of v.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const deltaRuleBackward = defineOp<
  DeltaRuleGradientTensors,
  DeltaRuleGradientOptions,
  DeltaRuleGradients,
  typeof variants
>(
  { name: "deltaRule/backward", variants, order: () => ["chunks"] },
  {
    tensors: tensorFields("q", "k", "v", "beta", "g?", "state?", "documents?", "dout?", "dstate?"),
    options: fieldsOf<DeltaRuleGradientOptions>(deltaRuleChecks),
  },
);
