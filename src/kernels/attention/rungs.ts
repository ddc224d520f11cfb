import scoresSource from "#shaders/attention/naive/scores.wgsl";
import softmaxSource from "#shaders/attention/naive/softmax.wgsl";
import valuesSource from "#shaders/attention/naive/values.wgsl";
import rowsSource from "#shaders/attention/rows.wgsl";
import twoPassSource from "#shaders/attention/two-pass.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { gridOf } from "../define/grid.ts";
import { defineKernel } from "../define/kernel.ts";
import {
  attentionBindings,
  attentionParts,
  attentionShader,
  attentionUniforms,
  bufferRefusal,
  bySequence,
  everyPart,
  placedRecord,
  placedTensors,
  type Sizes,
  visiblePairs,
} from "./definition.ts";
import { rowBytes } from "./layouts.ts";
import {
  type AttentionOptions,
  type AttentionProblem,
  type AttentionTensors,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  layoutRefusal,
  partsRefusal,
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

/** Threads of a workgroup: each owns four columns of the values. */
const threads = (dv: number) =>
  Math.max(constantsOf(rowsSource, "WORKGROUP").WORKGROUP, 2 ** Math.ceil(Math.log2(dv / 4)));

const rowsKernel = defineKernel({
  ...placedRecord,
  name: "attention/rows",
  source: rowsSource,
  params: ({ h, g, t, d }, { start, length, scale }) => ({ h, g, t, d, start, length, scale }),
  specialise: ({ d, dv }, problem, context) => {
    const constants = { HEAD_WIDTH: d, VALUE_WIDTH: dv, WORKGROUP: threads(dv) };
    return attentionShader(problem, constants, everyPart, context);
  },
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: bySequence(({ b, h, t, d, dv }: Sizes<"b" | "h" | "t" | "d" | "dv">, problem: AttentionProblem) => {
    const pairs = visiblePairs({ b, h, t, s: problem.place.capacity }, problem);
    const { k, v } = rowBytes(problem.place, d);
    const flops = 2 * (d + dv) * pairs;
    return {
      flops,
      executedFlops: flops,
      requestedBytes: pairs * (4 * d + k + v) + 4 * b * h * t * (dv + Number(problem.lse)),
    };
  }),
});

/**
 * One workgroup per query row, piecewise over the keys with an online softmax: no scores in memory, no reuse of k and
 * v.
 */
export const rows: AttentionVariant = {
  accepts: (tensors, options) =>
    partsRefusal(tensors, attentionProblem(tensors, options), 1024) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => {
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    const given = { ...placedTensors(tensors), sink: tensors.sink };
    return attentionResult(scope, rowsKernel(gpu, given, problem));
  },
};

const twoPassKernel = defineKernel({
  name: "attention/two-pass",
  source: twoPassSource,
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

/**
 * Why it cannot take these tensors and options; undefined when it can. It reads four elements of an f32 row at once.
 */
function twoPassRefusal(tensors: AttentionTensors, options: AttentionOptions): string | undefined {
  const problem = attentionProblem(tensors, options);
  const d = tensors.q.shape[3] ?? 0;
  const widest = 4 * constantsOf(twoPassSource, "WORKGROUP").WORKGROUP; // a vector of the output a thread
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
  accepts: twoPassRefusal,
  record: (gpu, { q, k, v, step, sink }, options) => {
    const tensors = { q, k, v, step, sink };
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    return attentionResult(scope, twoPassKernel(gpu, tensors, problem));
  },
};
