import scoresSource from "#shaders/attention/naive/scores.wgsl";
import softmaxSource from "#shaders/attention/naive/softmax.wgsl";
import valuesSource from "#shaders/attention/naive/values.wgsl";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { gridOf } from "../grid.ts";
import { defineKernel } from "../kernel.ts";
import { attentionBindings, attentionParts, attentionUniforms, bufferRefusal, visiblePairs } from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionTensors,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  layoutRefusal,
  writing,
} from "./options.ts";

const scores = defineKernel({
  name: "attention/naive/scores",
  source: scoresSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", "step?": "[64, 4]" },
  outputs: { scores: "[b, h, t, s]" },
  accepts: { step: ["u32"] },
  strided: ["q", "k"],
  params: ({ h, g, t, s, d }, { start, length, scale }: AttentionProblem) => ({ h, g, t, s, d, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  binds: (problem) => attentionBindings(problem),
  specialise: (_axes, problem) => attentionParts(problem, { mask: true, score: true }),
  workgroups: ({ b, h, t, s }, _problem, _context, shader) => [...gridOf(s, shader), t, b * h],
  cost: ({ b, h, t, s, d }, problem) => ({
    flops: 2 * d * visiblePairs({ b, h, t, s }, problem),
    executedFlops: 2 * d * b * h * t * s,
    requestedBytes: 4 * b * h * t * s * (2 * d + 1),
  }),
});

const softmax = defineKernel({
  name: "attention/naive/softmax",
  source: softmaxSource,
  inputs: { "step?": "[64, 4]", "sink?": "[h]" },
  inout: { scores: "[b, h, t, s]" },
  outputs: { "lse?": "[b, h, t]" },
  wants: ({ lse }: AttentionProblem) => ({ lse }),
  accepts: { step: ["u32"] },
  params: ({ b, h, t, s }, { start, length }) => ({ h, t, s, rows: b * h * t, start, length }),
  binds: (problem) => attentionBindings(problem, { dropout: true }),
  uniforms: (_axes, problem) => attentionUniforms(problem, { dropout: true }),
  specialise: (_axes, problem) => attentionParts(problem, { lse: true, sink: true, dropout: true }),
  workgroups: ({ b, h, t }) => [b * h * t],
  cost: ({ b, h, t, s }, { lse }) => ({
    flops: 4 * b * h * t * s,
    requestedBytes: 4 * b * h * t * (5 * s + Number(lse)),
  }),
});

const values = defineKernel({
  name: "attention/naive/values",
  source: valuesSource,
  inputs: { weights: "[b, h, t, s]", v: "[b, g, s, dv]", "step?": "[64, 4]" },
  outputs: { out: "[b, t, h, dv]" },
  accepts: { step: ["u32"] },
  strided: ["v"],
  params: ({ b, h, g, t, s, dv }, { start, length }: AttentionProblem) => ({
    h,
    g,
    t,
    s,
    width: dv,
    size: b * t * h * dv,
    start,
    length,
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views }),
  specialise: (_axes, problem) => attentionParts(problem, {}),
  threads: ({ b, h, t, dv }) => b * t * h * dv,
  cost: ({ b, h, t, s, dv }, problem) => ({
    flops: 2 * dv * visiblePairs({ b, h, t, s }, problem),
    requestedBytes: 4 * dv * (b * h * t * (s + 1) + visiblePairs({ b, h, t, s }, problem)),
  }),
});

const scoreBytes = ({ q, k }: AttentionTensors) =>
  sizeOf([...q.shape.slice(0, 3), k.shape[2] ?? 0]) * bytesPerElement.f32;

/** Three kernels with all scores in memory between them: the definition, step by step. Takes any widths and strides. */
export const naive: AttentionVariant = {
  accepts: (tensors, options, gpu) => {
    const refusal =
      layoutRefusal(attentionProblem(tensors, options)) ?? // shapes first
      bufferRefusal(3, { ...tensors, sink: undefined }, { ...options, lse: false });
    if (refusal !== undefined) return refusal;
    const bytes = scoreBytes(tensors);
    return bytes > gpu.limits.binding
      ? `its scores take ${bytes} bytes, a binding ${gpu.limits.binding} here`
      : undefined;
  },
  workspace: scoreBytes,
  record: (gpu, tensors, options) => {
    const problem = attentionProblem(tensors, options);
    const { q, k, v, step, sink } = tensors;
    using scope = gpu.scope();
    const { scores: weights } = scores(gpu, { q, k, step }, writing(problem));
    const row = softmax(gpu, { scores: weights, step, sink }, writing(problem, "lse"));
    const { out } = values(gpu, { weights, v, step }, writing(problem, "out"));
    return attentionResult(scope, row.lse ? { out, lse: row.lse } : { out });
  },
};
