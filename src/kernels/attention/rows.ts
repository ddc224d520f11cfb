import source from "#shaders/attention/rows.wgsl";
import type { KernelContext } from "../kernel.ts";
import { defineKernel } from "../kernel.ts";
import { attentionShader, attentionUniforms, type Sizes, visiblePairs } from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  vectorRefusal,
} from "./options.ts";

const record = {
  name: "attention/rows",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]", "step?": "[64, 4]" },
  accepts: { step: ["u32"] },
  strided: ["q", "k", "v"],
  params: ({ h, g, t }: Sizes<"h" | "g" | "t">, { start, length, scale }: AttentionProblem) => ({
    h,
    g,
    t,
    start,
    length,
    scale,
  }),
  uniforms: (_axes: object, problem: AttentionProblem, views: KernelContext) =>
    attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: ({ d }: Sizes<"d">, problem: AttentionProblem) => attentionShader(problem, { HEAD_WIDTH: d }),
  workgroups: ({ b, h, t }: Sizes<"b" | "h" | "t">): [number, number, number] => [t, h, b],
  cost: ({ b, h, t, s, d }: Sizes<"b" | "h" | "t" | "s" | "d">, problem: AttentionProblem) => {
    const pairs = visiblePairs({ b, h, t, s }, problem);
    return { flops: 4 * d * pairs, requestedBytes: 4 * (3 * d * pairs + b * h * t * d) };
  },
} as const;

const rowsKernel = defineKernel({ ...record, outputs: { out: "[b, t, h, d]" } });
const rowsKernelWithLse = defineKernel({ ...record, outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" } });

/** One workgroup a query row, over the keys piece by piece with an online softmax: no scores in memory, no reuse of k and v. */
export const rows: AttentionVariant = {
  accepts: vectorRefusal,
  record: (gpu, { q, k, v, step }, options) => {
    const problem = attentionProblem({ q, k, v, step }, options);
    using scope = gpu.scope();
    if (!problem.lse) return attentionResult(scope, rowsKernel(gpu, { q, k, v, step }, problem).out);
    const { out, lse } = rowsKernelWithLse(gpu, { q, k, v, step }, problem);
    return attentionResult(scope, out, lse);
  },
};
