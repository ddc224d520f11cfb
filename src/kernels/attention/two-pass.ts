import source from "#shaders/attention/two-pass.wgsl";
import type { KernelContext } from "../kernel.ts";
import { defineKernel } from "../kernel.ts";
import {
  attentionBrings,
  attentionShader,
  attentionUniforms,
  bufferRefusal,
  type Sizes,
  visiblePairs,
} from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  vectorRefusalWithSink,
} from "./options.ts";

const record = {
  name: "attention/two-pass",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]", "step?": "[64, 4]", "sink?": "[h]" },
  accepts: { step: ["u32"] },
  strided: ["q", "k", "v"],
  params: ({ h, g, t, d }: Sizes<"h" | "g" | "t" | "d">, { start, length, scale }: AttentionProblem) => ({
    h,
    g,
    t,
    d,
    start,
    length,
    scale,
  }),
  uniforms: (_axes: object, problem: AttentionProblem, views: KernelContext) =>
    attentionUniforms(problem, { views, mask: true, score: true }),
  brings: (problem: AttentionProblem) => attentionBrings(problem),
  specialise: (_axes: object, problem: AttentionProblem) =>
    attentionShader(problem, {}, { mask: true, score: true, lse: true, sink: true }),
  workgroups: ({ b, h, t }: Sizes<"b" | "h" | "t">): [number, number, number] => [t, h, b],
  cost: ({ b, h, t, s, d }: Sizes<"b" | "h" | "t" | "s" | "d">, problem: AttentionProblem) => {
    const pairs = visiblePairs({ b, h, t, s }, problem);
    return { flops: 4 * d * pairs, executedFlops: 6 * d * pairs, requestedBytes: 4 * (5 * d * pairs + b * h * t * d) };
  },
} as const;

const twoPassKernel = defineKernel({ ...record, outputs: { out: "[b, t, h, d]" } });
const twoPassKernelWithLse = defineKernel({ ...record, outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" } });

/**
 * One workgroup a query row, over the keys twice: once for the softmax's maximum and sum, once for the values, the scores
 * computed anew rather than kept (Rabe and Staats 2021 trade memory for work alike).
 */
export const twoPass: AttentionVariant = {
  accepts: (tensors, options) => vectorRefusalWithSink(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, { q, k, v, step, sink }, options) => {
    const tensors = { q, k, v, step, sink };
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    if (!problem.lse) return attentionResult(scope, twoPassKernel(gpu, tensors, problem).out);
    const { out, lse } = twoPassKernelWithLse(gpu, tensors, problem);
    return attentionResult(scope, out, lse);
  },
};
