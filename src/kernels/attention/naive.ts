import scoresSource from "#shaders/attention/naive/scores.wgsl";
import softmaxSource from "#shaders/attention/naive/softmax.wgsl";
import valuesSource from "#shaders/attention/naive/values.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { defineKernel, type Into } from "../kernel.ts";
import type { Variant } from "../op.ts";
import { attentionParts, attentionUniforms, attentionViews, visiblePairs } from "./definition.ts";
import {
  type AttentionOptions,
  type AttentionProblem,
  type AttentionResult,
  type AttentionTensors,
  attentionProblem,
} from "./options.ts";
import { asResult } from "./result.ts";

const scores = defineKernel({
  name: "attention/naive/scores",
  source: scoresSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", "step?": "[64, 4]" },
  outputs: { scores: "[b, h, t, s]" },
  ...attentionViews,
  strided: ["q", "k"],
  params: ({ h, g, t, s, d }, { start, length, scale }: AttentionProblem) => ({ h, g, t, s, d, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: (_axes, problem) => ({ parts: attentionParts(problem, { mask: true, score: true }) }),
  workgroups: ({ b, h, t, s }) => [Math.ceil(s / 64), t, b * h],
  cost: ({ b, h, t, d, g, s }, problem) => ({
    flops: 2 * d * visiblePairs({ b, h, t, d, g, s, dv: d }, problem),
    executedFlops: 2 * d * b * h * t * s,
    requestedBytes: 4 * b * h * t * s * (2 * d + 1),
  }),
});

const softmaxRecord = {
  name: "attention/naive/softmax",
  source: softmaxSource,
  inputs: { "step?": "[64, 4]" },
  inout: { scores: "[b, h, t, s]" },
  accepts: { step: ["u32"] },
  params: ({ b = 0, h = 0, t = 0, s = 0 }: Readonly<Record<string, number>>, problem: AttentionProblem) => ({
    h,
    t,
    s,
    rows: b * h * t,
    start: problem.start,
    length: problem.length,
  }),
  specialise: (_axes: object, problem: AttentionProblem) => ({ parts: attentionParts(problem, { lse: true }) }),
  workgroups: ({ b = 0, h = 0, t = 0 }: Readonly<Record<string, number>>) => [b * h * t] as const,
  cost: ({ b = 0, h = 0, t = 0, s = 0 }: Readonly<Record<string, number>>) => ({
    flops: 4 * b * h * t * s,
    requestedBytes: 20 * b * h * t * s,
  }),
} as const;

const softmax = defineKernel(softmaxRecord);
const softmaxWithLse = defineKernel({ ...softmaxRecord, outputs: { lse: "[b, h, t]" } });

const values = defineKernel({
  name: "attention/naive/values",
  source: valuesSource,
  inputs: { weights: "[b, h, t, s]", v: "[b, g, s, dv]", "step?": "[64, 4]" },
  outputs: { out: "[b, t, h, dv]" },
  ...attentionViews,
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
  specialise: (_axes, problem) => ({ parts: attentionParts(problem, {}) }),
  workgroups: ({ b, h, t, dv }) => [Math.ceil((b * t * h * dv) / 64)],
  cost: ({ b, h, t, dv, g, s }, problem) => ({
    flops: 2 * dv * visiblePairs({ b, h, t, d: dv, g, s, dv }, problem),
    executedFlops: 2 * dv * b * h * t * s,
    requestedBytes: 4 * b * h * t * dv * (2 * s + 1),
  }),
});

const scoreBytes = ({ q, k }: AttentionTensors) => sizeOf([...q.shape.slice(0, 3), k.shape[2] ?? 0]) * bytesPerElement.f32;

/** Three kernels with all scores in memory between them: the definition, step by step. Takes any widths and strides. */
export const naive: Variant<AttentionTensors, AttentionOptions, AttentionResult> = {
  accepts: (tensors, _options, gpu) =>
    scoreBytes(tensors) > gpu.limits.binding
      ? `its scores take ${scoreBytes(tensors)} bytes, a binding ${gpu.limits.binding} here`
      : undefined,
  workspace: scoreBytes,
  record: (gpu, tensors, options) => {
    const problem = attentionProblem(tensors, options);
    const { q, k, v, step } = tensors;
    using scope = gpu.scope();
    const { scores: rows } = scores(gpu, { q, k, step }, problem);
    const lse = normalise(gpu, { scores: rows, step }, { ...problem, into: options.into });
    const { out } = values(gpu, { weights: rows, v, step }, { ...problem, ...into(options, "out") });
    return asResult(scope, out, lse);
  },
};
