// The first and the last step of every variant: the statistics of rows, and the gradient of sinks from them.
import sinkSource from "#shaders/attention/backward/sink.wgsl";
import statsSource from "#shaders/attention/backward/stats.wgsl";
import type { Scope } from "../../../gpu/scopes.ts";
import { defineKernel, type KernelContext } from "../../define/kernel.ts";
import { attentionBindings, attentionParts, attentionUniforms } from "../definition.ts";
import type { AttentionGradients, BackwardProblem } from "./options.ts";

/** First element and strides of a view, by the names of fields. */
export const viewFields = (name: string, { strides, offsets }: KernelContext) => {
  const [batch = 0, head = 0, token = 0] = strides[name] ?? [];
  return {
    [`${name}_first`]: offsets[name] ?? 0,
    [`${name}_batch`]: batch,
    [`${name}_head`]: head,
    [`${name}_token`]: token,
  };
};

/** The log-sum-exp of each row, and the dot product of its result with the result's gradient. */
export const statsOf = defineKernel({
  name: "attention/backward/stats",
  source: statsSource,
  inputs: { out: "[b, h, t, dv]", dout: "[b, h, t, dv]", lse: "[b, h, t]" },
  outputs: { stats: "[b, h, t, two]" },
  strided: ["out", "dout"],
  axes: () => ({ two: 2 }),
  params: ({ b, h, t, dv }, _options: object, context) => ({
    rows: b * h * t,
    h,
    t,
    dv,
    ...viewFields("out", context),
    ...viewFields("dout", context),
  }),
  threads: ({ b, h, t }) => b * h * t,
  cost: ({ b, h, t, dv }) => ({ flops: 2 * b * h * t * dv, requestedBytes: 4 * b * h * t * (2 * dv + 3) }),
});

/** The gradient of sinks from the statistics of all rows. */
export const sinkGradient = defineKernel({
  name: "attention/backward/sink",
  source: sinkSource,
  inputs: { sink: "[h]", stats: "[b, h, t, 2]" },
  outputs: { dsink: "[h]" },
  binds: (problem: BackwardProblem) => attentionBindings(problem, { place: true }),
  params: ({ h, t }, { place, start, length }) => ({ b: place.sequences, h, t, start, length }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { place: true, views }),
  specialise: (_axes, problem) => attentionParts(problem, {}),
  workgroups: ({ h }) => [h],
  cost: ({ b, h, t }) => ({ flops: 4 * b * h * t, requestedBytes: 4 * (4 * b * h * t + h) }),
});

/** Gradients that outlive the scope in which they were made. */
export function kept(scope: Scope, gradients: AttentionGradients): AttentionGradients {
  const { dscore = {}, ...others } = gradients;
  for (const gradient of [...Object.values(others), ...Object.values(dscore)]) if (gradient) scope.keep(gradient);
  return gradients;
}
