import keysSource from "#shaders/attention/backward/rows-kv.wgsl";
import queriesSource from "#shaders/attention/backward/rows-q.wgsl";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { defineKernel } from "../../define/kernel.ts";
import type { Variant } from "../../define/op.ts";
import { attentionUniforms, blocksOf, bySequence, visiblePairs } from "../definition.ts";
import { isRagged } from "../layouts.ts";
import {
  type Axes,
  both,
  type Fused,
  fusedRefusal,
  into,
  keysAndValues,
  pairParts,
  partsOf,
  recordFused,
  slotsOf,
  valuesFrom,
} from "./fused.ts";
import type {
  AttentionBackwardOptions,
  AttentionBackwardTensors,
  AttentionGradients,
  BackwardProblem,
} from "./options.ts";
import { fusedScores } from "./score-gradients.ts";
import { viewFields } from "./stats.ts";

/** Threads of a workgroup: as many as columns of the wider of keys and values need, four to a thread. */
const threads = (source: ShaderModule, width: number) =>
  Math.max(constantsOf(source, "WORKGROUP").WORKGROUP, 2 ** Math.ceil(Math.log2(width / 4)));

const queries = defineKernel({
  name: "attention/backward/rows-q",
  source: queriesSource,
  ...both,
  outputs: { dq: "[b, h, t, d]" },
  params: ({ h, g, t, d, dv }: Axes, { start, length, scale }: BackwardProblem, context) => ({
    h,
    g,
    t,
    d,
    dv,
    start,
    length,
    scale,
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...pairParts }),
  specialise: ({ d }, problem) => ({
    parts: partsOf(problem),
    constants: { HEAD_WIDTH: d, WORKGROUP: threads(queriesSource, d) },
  }),
  workgroups: ({ b, h, t }, { place }) => [blocksOf(place, t, 1), h, b],
  cost: bySequence((axes: Axes, problem: BackwardProblem) => {
    const pairs = visiblePairs(axes, problem);
    const { b, h, t, d, dv } = axes;
    return {
      flops: (4 * d + 2 * dv) * pairs,
      requestedBytes: 4 * ((3 * d + 2 * dv + 2) * pairs + b * h * t * d),
    };
  }),
});

const keys = defineKernel({
  name: "attention/backward/rows-kv",
  source: keysSource,
  ...both,
  ...keysAndValues,
  params: ({ b, h, g, t, s, d, dv }: Axes, { start, length, scale, place }: BackwardProblem, context) => ({
    h,
    g,
    t,
    s,
    d,
    dv,
    start,
    length,
    scale,
    dv_first: valuesFrom({ b, g, s, d }),
    unused: isRagged(place) ? 0 : s - length,
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...pairParts }),
  specialise: ({ d, dv }, problem) => ({
    parts: partsOf(problem),
    constants: { HEAD_WIDTH: d, VALUE_WIDTH: dv, WORKGROUP: threads(keysSource, Math.max(d, dv)) },
  }),
  workgroups: ({ b, g, s }, { place }) => [blocksOf(place, s, 1), g, b],
  cost: bySequence((axes: Axes, problem: BackwardProblem) => {
    const pairs = visiblePairs(axes, problem);
    const { b, g, d, dv } = axes;
    return {
      flops: (4 * d + 4 * dv) * pairs,
      requestedBytes: 4 * ((3 * d + 3 * dv + 2) * pairs + b * g * slotsOf(axes, problem) * (d + dv)),
    };
  }),
});

/**
 * Two kernels without weights in memory: a workgroup a query for dq, a workgroup a key for dk and dv. The log-sum-exp
 * of the forward gives each weight again. Nothing is shared between rows.
 */
export const rows: Variant<AttentionBackwardTensors, AttentionBackwardOptions, AttentionGradients> = {
  accepts: fusedRefusal,
  record: (gpu, tensors, options) => {
    const kernels: Fused = {
      queries: (_, given, problem, dq) => queries(gpu, given, into(problem, { dq })),
      keys: (_, given, problem, dkv) => keys(gpu, given, into(problem, { dkv })),
      scores: fusedScores,
    };
    return recordFused(gpu, () => kernels, tensors, options);
  },
};
