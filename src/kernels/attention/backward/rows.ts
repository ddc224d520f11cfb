import keysSource from "#shaders/attention/backward/rows-kv.wgsl";
import queriesSource from "#shaders/attention/backward/rows-q.wgsl";
import type { ShaderModule } from "../../../gpu/shader-module.ts";
import { constantsOf } from "../../../gpu/specialise.ts";
import { bytesPerElement } from "../../../tensor/dtype.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape, slice } from "../../../tensor/views.ts";
import { defineKernel } from "../../kernel.ts";
import type { Variant } from "../../op.ts";
import { attentionBindings, attentionParts, attentionUniforms, type Sizes, visiblePairs } from "../definition.ts";
import { partsRefusal } from "../options.ts";
import {
  type AttentionBackwardOptions,
  type AttentionBackwardTensors,
  type AttentionGradients,
  type BackwardProblem,
  backwardProblem,
} from "./options.ts";
import { kept, sinkGradient, statsOf, viewFields } from "./stats.ts";

/** Heads up to this wide. */
const widest = 256;

/** Threads of a workgroup: as many as columns of the wider of keys and values need, four to a thread. */
const threads = (source: ShaderModule, width: number) =>
  Math.max(constantsOf(source, "WORKGROUP").WORKGROUP, 2 ** Math.ceil(Math.log2(width / 4)));

/** The common part of both kernels' records. */
const both = {
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, g, s, d]",
    v: "[b, g, s, dv]",
    dout: "[b, h, t, dv]",
    stats: "[b, h, t, 2]",
  },
  strided: ["q", "k", "v", "dout"],
  binds: (problem: BackwardProblem) => attentionBindings(problem),
} as const;

type Axes = Sizes<"b" | "h" | "g" | "t" | "s" | "d" | "dv">;

const partsOf = (problem: BackwardProblem) => [
  ...(attentionParts(problem, { mask: true }).parts ?? []),
  ...problem.scoreParts,
];

const queries = defineKernel({
  name: "attention/backward/rows-q",
  source: queriesSource,
  ...both,
  outputs: { dq: "[b, h, t, d]" },
  params: ({ h, g, t, d, dv }: Axes, { start, length, scale }: BackwardProblem, context) => ({
    ...{ h, g, t, d, dv, start, length, scale },
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: ({ d }, problem) => ({
    parts: partsOf(problem),
    constants: { HEAD_WIDTH: d, WORKGROUP: threads(queriesSource, d) },
  }),
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: (axes: Axes, problem) => {
    const pairs = visiblePairs(axes, problem);
    const { b, h, t, d, dv } = axes;
    return {
      flops: (4 * d + 2 * dv) * pairs,
      requestedBytes: 4 * ((3 * d + 2 * dv + 2) * pairs + b * h * t * d),
    };
  },
});

/** Where dv begins in the memory that it shares with dk: at the next multiple of 256 bytes, as bindings need. */
const valuesFrom = ({ b, g, s, d }: Sizes<"b" | "g" | "s" | "d">) => Math.ceil((b * g * s * d) / boundAt) * boundAt;

/** Elements between the addresses at which a tensor may be bound. */
const boundAt = 256 / bytesPerElement.f32;

/** The gradients of k and v as views of their memory. */
function split(dkv: Tensor, k: Tensor, v: Tensor): { readonly dk: Tensor; readonly dv: Tensor } {
  const [b = 0, g = 0, s = 0, d = 0] = k.shape;
  const from = valuesFrom({ b, g, s, d });
  const of = (first: number, { shape, size }: Tensor) => reshape(slice(dkv, 0, first, first + size), shape);
  return { dk: of(0, k), dv: of(from, v) };
}

const keys = defineKernel({
  name: "attention/backward/rows-kv",
  source: keysSource,
  ...both,
  outputs: { dkv: "[elements]" },
  axes: (axes: Axes) => ({ elements: valuesFrom(axes) + axes.b * axes.g * axes.s * axes.dv }),
  params: ({ b, h, g, t, s, d, dv }: Axes, { start, length, scale }: BackwardProblem, context) => ({
    ...{ h, g, t, s, d, dv, start, length, scale, dv_first: valuesFrom({ b, g, s, d }) },
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: ({ d, dv }, problem) => ({
    parts: partsOf(problem),
    constants: { HEAD_WIDTH: d, VALUE_WIDTH: dv, WORKGROUP: threads(keysSource, Math.max(d, dv)) },
  }),
  workgroups: ({ b, g, s }) => [s, g, b],
  cost: (axes: Axes, problem) => {
    const pairs = visiblePairs(axes, problem);
    const { b, g, s, d, dv } = axes;
    return {
      flops: (4 * d + 4 * dv) * pairs,
      requestedBytes: 4 * ((3 * d + 3 * dv + 2) * pairs + b * g * s * (d + dv)),
    };
  },
});

/** Storage buffers of the kernel that has more of them, without those of masks and scores. */
const ownBuffers = 6;

/**
 * Two kernels without weights in memory: a workgroup a query for dq, a workgroup a key for dk and dv. The log-sum-exp of
 * the forward gives each weight again. Nothing is shared between rows.
 */
export const rows: Variant<AttentionBackwardTensors, AttentionBackwardOptions, AttentionGradients> = {
  accepts: (tensors, options, gpu) => {
    const problem = backwardProblem(tensors, options);
    const refusal = partsRefusal({ q: tensors.q, k: tensors.k, v: tensors.v }, problem, widest);
    if (refusal !== undefined) return refusal;
    const { offset, strides } = tensors.dout;
    if ([offset, ...strides.slice(0, 3)].some((at) => at % 4 !== 0) || strides[3] !== 1) {
      return `dout has strides [${strides.join(", ")}] from element ${offset}, it needs multiples of 4, then 1`;
    }
    const names = Object.keys(attentionBindings(problem));
    const buffers = ownBuffers + names.length;
    return buffers > gpu.limits.storageBuffers
      ? `it has ${buffers} storage buffers with ${names.join(", ")}, this device takes ${gpu.limits.storageBuffers}`
      : undefined;
  },
  record: (gpu, { q, k, v, sink, out, lse, dout }, options) => {
    const problem = backwardProblem({ q, k, v, sink, out, lse, dout }, options);
    const { needs } = problem;
    using scope = gpu.scope();
    const { stats } = statsOf(gpu, { out, dout, lse }, {});
    const given = { q, k, v, dout, stats };
    const dsink = sink && needs.sink ? sinkGradient(gpu, { sink, stats }, {}).dsink : undefined;
    const dq = needs.q ? queries(gpu, given, problem).dq : undefined;
    const dkv = needs.k || needs.v ? keys(gpu, given, problem).dkv : undefined;
    const ofKeys: { dk?: Tensor; dv?: Tensor } = dkv ? split(dkv, k, v) : {};
    const wanted = { dq, dsink, ...(needs.k ? { dk: ofKeys.dk } : {}), ...(needs.v ? { dv: ofKeys.dv } : {}) };
    return kept(scope, wanted);
  },
};
