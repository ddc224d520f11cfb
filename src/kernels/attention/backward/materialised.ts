import scoresSource from "#shaders/attention/backward/scores.wgsl";
import weightsSource from "#shaders/attention/backward/weights.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { bytesPerElement } from "../../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape, transpose } from "../../../tensor/views.ts";
import { gridOf } from "../../define/grid.ts";
import { defineKernel } from "../../define/kernel.ts";
import type { Variant } from "../../define/op.ts";
import { gemm } from "../../gemm/gemm.ts";
import { contiguous } from "../../layout/contiguous.ts";
import { sum } from "../../reduce/reduce.ts";
import { attentionBindings, attentionParts, attentionUniforms, visiblePairs } from "../definition.ts";
import { layoutRefusal } from "../options.ts";
import { elementSums } from "./elements.ts";
import { pairParts, partsOf } from "./fused.ts";
import {
  type AttentionBackwardOptions,
  type AttentionBackwardTensors,
  type AttentionGradients,
  type BackwardProblem,
  backwardProblem,
} from "./options.ts";
import { diagonalSums, scoreGradients } from "./score-gradients.ts";
import { kept, sinkGradient, statsOf } from "./stats.ts";

const weights = defineKernel({
  name: "attention/backward/weights",
  source: weightsSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", stats: "[b, h, t, 2]" },
  outputs: { weights: "[b, h, t, s]", derivatives: "[b, h, t, s]" },
  strided: ["q", "k"],
  params: ({ h, g, t, s, d }, { start, length, scale }: BackwardProblem) => ({ h, g, t, s, d, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...pairParts }),
  binds: (problem) => attentionBindings(problem, pairParts),
  specialise: (_axes, problem) => ({ parts: partsOf(problem) }),
  workgroups: ({ b, h, t, s }, _problem, _context, shader) => [...gridOf(s, shader), t, b * h],
  cost: ({ b, h, t, s, d }, problem) => ({
    flops: 2 * d * visiblePairs({ b, h, t, s }, problem),
    requestedBytes: 4 * (2 * b * h * t * s + (2 * d + 1) * visiblePairs({ b, h, t, s }, problem)),
  }),
});

/** The problem, with a factor that the second kernel applies. */
interface ScoresProblem extends BackwardProblem {
  readonly factor: number;
}

const scores = defineKernel({
  name: "attention/backward/scores",
  source: scoresSource,
  inputs: { weights: "[b, h, t, s]", derivatives: "[b, h, t, s]", stats: "[b, h, t, 2]" },
  inout: { dweights: "[b, h, t, s]" },
  params: ({ b, h, t, s }, { start, length, factor }: ScoresProblem) => ({
    h,
    t,
    s,
    size: b * h * t * s,
    start,
    length,
    scale: factor,
  }),
  uniforms: (_axes, problem) => attentionUniforms(problem, { dropout: true }),
  binds: (problem) => attentionBindings(problem, { dropout: true }),
  specialise: (_axes, problem) => attentionParts(problem, { dropout: true }),
  threads: ({ b, h, t, s }) => b * h * t * s,
  cost: ({ b, h, t, s }) => ({ flops: 4 * b * h * t * s, requestedBytes: 24 * b * h * t * s }),
});

/** Query heads by the key and value head that they read: `[b, h, …]` as `[b · g, h / g, …]`. */
const grouped = (gpu: Gpu, x: Tensor, groups: number): Tensor => {
  const [b = 0, h = 0, ...rest] = x.shape;
  return reshape(x.contiguous ? x : contiguous(gpu, { x }).y, [b * groups, h / groups, ...rest]);
};

/** Pairs `[b, h, t, s]` summed over the batch rows and the heads of which this shape has one. */
function summedOver(gpu: Gpu, pairs: Tensor, shape: Shape): Tensor {
  let result = pairs;
  for (const axis of [0, 1]) {
    if (shape[axis] === result.shape[axis]) continue;
    result = reshape(sum(gpu, { x: result }, { axis }).y, result.shape.with(axis, 1));
  }
  return result;
}

const pairBytes = ({ q, k }: AttentionBackwardTensors) =>
  sizeOf([...q.shape.slice(0, 3), k.shape[2] ?? 0]) * bytesPerElement.f32;

/**
 * The definition, step by step, with all weights and their gradients in memory: the version to read the fused variants
 * beside, and to test them against. Takes any head width.
 */
export const materialised: Variant<AttentionBackwardTensors, AttentionBackwardOptions, AttentionGradients> = {
  accepts: (tensors, options, gpu) => {
    const problem = backwardProblem(tensors, options);
    const refusal = layoutRefusal(problem);
    if (refusal !== undefined) return refusal;
    const names = Object.keys(attentionBindings(problem, pairParts));
    const buffers = 5 + names.length;
    if (buffers > gpu.limits.storageBuffers) {
      return `it has ${buffers} storage buffers with ${names.join(", ")}, this device takes ${gpu.limits.storageBuffers}`;
    }
    const bytes = pairBytes(tensors);
    return bytes > gpu.limits.binding
      ? `its weights take ${bytes} bytes, a binding ${gpu.limits.binding} here`
      : undefined;
  },
  workspace: (tensors, { dropout, needs }) =>
    (3 + (dropout ? 2 : 0) + (needs?.score?.length ? 2 : 0)) * pairBytes(tensors),
  record: (gpu, { q, k, v, sink, out, lse, dout }, options) => {
    const problem = backwardProblem({ q, k, v, sink, out, lse, dout }, options);
    const { needs } = problem;
    const groups = k.shape[1] ?? 1;
    using scope = gpu.scope();
    const { stats } = statsOf(gpu, { out, dout, lse }, {});
    const pairs = weights(gpu, { q, k, stats }, { ...problem, dropout: undefined });
    const counted = problem.dropout && needs.v ? weights(gpu, { q, k, stats }, problem) : pairs;
    const [queries, keys, values, gradient] = [q, k, v, dout].map((x) => grouped(gpu, x, groups)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    /** A gradient by query heads, summed over the heads that read the same keys and values. */
    const summed = (x: Tensor, like: Tensor) => reshape(sum(gpu, { x }, { axis: 1 }).y, like.shape);
    const dv = needs.v
      ? summed(gemm(gpu, { a: transpose(grouped(gpu, counted.weights, groups)), b: gradient }).y, v)
      : undefined;
    const dsink = sink && needs.sink ? sinkGradient(gpu, { sink, stats }, problem).dsink : undefined;
    /** The gradients of all pairs with respect to the variable of these derivatives, times a factor. */
    const ofPairs = (derivatives: Tensor, factor: number) => {
      const { y } = gemm(gpu, { a: gradient, b: transpose(values) });
      const dweights = reshape(y, pairs.weights.shape);
      return scores(gpu, { weights: pairs.weights, derivatives, stats, dweights }, { ...problem, factor }).dweights;
    };
    const ofScores = (after: BackwardProblem) =>
      ofPairs(weights(gpu, { q, k, stats }, { ...after, dropout: undefined }).derivatives, 1);
    const dscore = scoreGradients(
      gpu,
      problem,
      { t: q.shape[2] ?? 0, s: k.shape[2] ?? 0 },
      {
        alongDiagonals: (after) => diagonalSums(gpu, { dscores: ofScores(after) }).diagonals,
        ofPairs: (after, shape) => summedOver(gpu, ofScores(after), shape),
        ofElements: (after) => elementSums(gpu, { dscores: ofScores(after) }, after).delements,
      },
    );
    if (!needs.q && !needs.k) return kept(scope, { dv, dsink, dscore });
    const products = grouped(gpu, ofPairs(pairs.derivatives, problem.scale), groups);
    const dq = needs.q ? reshape(gemm(gpu, { a: products, b: keys }).y, q.shape) : undefined;
    const dk = needs.k ? summed(gemm(gpu, { a: transpose(products), b: queries }).y, k) : undefined;
    return kept(scope, { dq, dk, dv, dsink, dscore });
  },
};
