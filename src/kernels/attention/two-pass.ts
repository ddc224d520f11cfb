import source from "#shaders/attention/two-pass.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { formatShape } from "../../tensor/shape.ts";
import { defineKernel } from "../kernel.ts";
import { attentionBindings, attentionShader, attentionUniforms, bufferRefusal, visiblePairs } from "./definition.ts";
import {
  type AttentionOptions,
  type AttentionProblem,
  type AttentionTensors,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  layoutRefusal,
  partsRefusal,
} from "./options.ts";

const kernel = defineKernel({
  name: "attention/two-pass",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]", "step?": "[64, 4]", "sink?": "[h]" },
  outputs: { out: "[b, t, h, d]", "lse?": "[b, h, t]" },
  wants: ({ lse }: AttentionProblem) => ({ lse }),
  accepts: { step: ["u32"] },
  strided: ["q", "k", "v"],
  params: ({ h, g, t, d }, { start, length, scale }) => ({ h, g, t, d, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  binds: (problem) => attentionBindings(problem),
  specialise: (_axes, problem) => attentionShader(problem, {}, { mask: true, score: true, lse: true, sink: true }),
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: ({ b, h, t, s, d }, problem) => {
    const pairs = visiblePairs({ b, h, t, s }, problem);
    return {
      flops: 4 * d * pairs,
      executedFlops: 6 * d * pairs,
      requestedBytes: 4 * (5 * d * pairs + b * h * t * (d + Number(problem.lse))),
    };
  },
});

/** Why it cannot take these; undefined when it can. It reads four elements of an f32 row at once. */
function refusal(tensors: AttentionTensors, options: AttentionOptions): string | undefined {
  const problem = attentionProblem(tensors, options);
  const d = tensors.q.shape[3] ?? 0;
  const widest = 4 * constantsOf(source, "WORKGROUP").WORKGROUP; // a vector of the output a thread
  return (
    layoutRefusal(problem) ??
    (problem.place.dv === d ? undefined : `v is ${formatShape(tensors.v.shape)}, it needs d = ${d} (from q)`) ??
    partsRefusal(tensors, problem, widest) ??
    bufferRefusal(4, tensors, options)
  );
}

/**
 * One workgroup per query row, over the keys twice: once for the softmax's maximum and sum, once for the values,
 * recomputing the scores instead of storing them (the same trade of memory for work as in Rabe and Staats 2021).
 */
export const twoPass: AttentionVariant = {
  accepts: refusal,
  record: (gpu, { q, k, v, step, sink }, options) => {
    const tensors = { q, k, v, step, sink };
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    return attentionResult(scope, kernel(gpu, tensors, problem));
  },
};
