import lseStore from "#shaders/attention/lse/store.wgsl";
import gatheredSource from "#shaders/selected-keys/gathered.wgsl";
import naiveSource from "#shaders/selected-keys/naive.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { boolean, fieldsOf, finite, integer } from "../../../options/checks.ts";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { tensorFields } from "../../define/arguments.ts";
import { defineKernel } from "../../define/kernel.ts";
import { defineOp, type Variant } from "../../define/op.ts";
import { asContiguous } from "../../layout/contiguous.ts";
import {
  attentionBindings,
  attentionParts,
  attentionUniforms,
  placedAxes,
  placedInputs,
  placedTypes,
  placedViews,
} from "../definition.ts";
import {
  type AttentionProblem,
  type AttentionResult,
  attentionProblem,
  attentionResult,
  partsRefusal,
} from "../options.ts";
import { joinSplits, maxSplits, type SplitProblem } from "../splits.ts";

/** The tensors of attention over selected keys; q, k and v may be views whose last axis is contiguous. */
export interface SelectedTensors {
  /** Queries `[b, h, t, d]`. */
  readonly q: Tensor;
  /** Keys `[b, g, s, d]`; g divides h. */
  readonly k: Tensor;
  /** Values `[b, g, s, dv]`. */
  readonly v: Tensor;
  /** Of keys or blocks of keys, u32 `[b, m, t, n]`, 2³² − 1 for none: query head i has those of head ⌊i · m / h⌋. */
  readonly indices: Tensor;
}

/** Options of attention over selected keys. */
export interface SelectedOptions {
  /**
   * Keys of a block, of which an index stands for all up to the query.
   * @defaultValue 1
   */
  readonly block?: number | undefined;
  /**
   * Factor of the dot product.
   * @defaultValue 1/√d
   */
  readonly scale?: number | undefined;
  /**
   * Position of the first query.
   * @defaultValue s − t
   */
  readonly start?: number | undefined;
  /**
   * Also return each row's log-sum-exp.
   * @defaultValue false
   */
  readonly lse?: boolean | undefined;
}

interface SelectedProblem extends SplitProblem {
  readonly block: number;
}

function problemOf(
  { q, k, v, indices }: SelectedTensors,
  options: SelectedOptions,
): AttentionProblem & { block: number } {
  const { block = 1, scale, start, lse = false } = options;
  const given = { ...(scale === undefined ? {} : { scale }), ...(start === undefined ? {} : { start }), lse };
  const problem = attentionProblem({ q, k, v }, Object.assign({ mask: "causal" as const }, given));
  const [b = 0, h = 0, t = 0] = q.shape;
  const [ib, m = 0, it] = indices.shape;
  if (indices.shape.length !== 4 || ib !== b || it !== t || m === 0 || h % m !== 0 || indices.dtype !== "u32") {
    throw new ShapeError(
      `selectedAttention: indices is ${indices.dtype} ${formatShape(indices.shape)}, expected u32 [${b}, m, ${t}, n] ` +
        `with m dividing ${h} (h, from q)`,
    );
  }
  return Object.assign(problem, { block });
}

/** Pairs of a query and a key at most: all of the selection, or all keys up to the query. */
function pairsOf(t: number, s: number, start: number, selected: number): number {
  let pairs = 0;
  for (let row = 0; row < t; row++) pairs += Math.min(s, selected, Math.max(0, start + row + 1));
  return pairs;
}

const naiveKernel = /* @__PURE__ */ defineKernel({
  name: "selected-keys/naive",
  source: naiveSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, dv]", indices: "[b, m, t, n]" },
  outputs: { out: "[b, t, h, dv]", "lse?": "[b, h, t]" },
  accepts: { indices: ["u32"] },
  wants: ({ lse }: SelectedProblem) => ({ lse }),
  params: ({ b, h, g, t, s, m, n }, { block, start, scale }) => ({
    h,
    g,
    t,
    s,
    m,
    n,
    block,
    start,
    scale,
    size: b * h * t,
  }),
  specialise: ({ d, dv }, { lse }) => ({
    parts: lse ? [lseStore] : [],
    constants: { WIDTH: d, VALUE_WIDTH: dv },
  }),
  threads: ({ b, h, t }) => b * h * t,
  cost: ({ b, h, t, s, n, d, dv }, { block, start, lse }) => {
    const pairs = pairsOf(t, s, start, n * block);
    return {
      flops: 2 * b * h * pairs * (d + dv),
      requestedBytes: 4 * b * h * (t * n + pairs * (2 * d + dv) + t * (dv + Number(lse))),
    };
  },
});

const sizes = /* @__PURE__ */ constantsOf(gatheredSource, "WORKGROUP", "THREAD_KEYS");
const joined = { mask: true, place: true } as const;
const keysOfPass = sizes.WORKGROUP * sizes.THREAD_KEYS;

/** Heads of a workgroup. */
const rowsOf = (heads: number, d: number) => Math.min(heads, d > 128 ? 4 : 8);

const gatheredKernel = /* @__PURE__ */ defineKernel({
  name: "selected-keys/gathered",
  source: gatheredSource,
  inputs: { q: placedInputs.q, k: placedInputs.k, v: placedInputs.v, indices: "[b, m, t, n]" },
  outputs: { accumulators: "[b, t, h, splits, dv]", stats: "[b, t, h, splits, 2]" },
  accepts: Object.assign({ indices: ["u32"] as const }, placedTypes),
  strided: placedViews,
  axes: (_axes, problem: SelectedProblem) => ({ splits: problem.splits, ...placedAxes(problem) }),
  params: ({ h, g, t, m, n }, { block, splits, span, start, length, scale }) => ({
    h,
    g,
    t,
    m,
    n,
    block,
    splits,
    span,
    start,
    length,
    scale,
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...joined }),
  binds: (problem) => attentionBindings(problem, joined),
  specialise: ({ d, dv, h, g, m }, problem, context) => ({
    ...attentionParts(problem, joined, context),
    constants: { HEAD_WIDTH: d, VALUE_WIDTH: dv, ROWS: rowsOf(h / Math.max(g, m), d) },
  }),
  workgroups: ({ b, h, g, t, m }, { splits }, _context, shader) => {
    const units = Math.max(g, m);
    return [splits, t * Math.ceil(h / units / constantsOf(shader, "ROWS").ROWS), b * units];
  },
  cost: ({ b, h, g, t, m, n, d, dv }, { block, start, splits, place: { capacity: s } }, _context, shader) => {
    const { ROWS } = constantsOf(shader, "ROWS");
    const units = Math.max(g, m);
    const groups = Math.ceil(h / units / ROWS) * units; // workgroups of a query in each split
    const pairs = pairsOf(t, s, start, n * block);
    return {
      flops: 2 * b * h * pairs * (d + dv),
      executedFlops: 2 * b * groups * ROWS * pairs * (d + dv),
      requestedBytes:
        4 * b * (groups * (t * (n * block + splits * ROWS * d) + pairs * (d + dv)) + t * h * splits * (dv + 2)),
    };
  },
});

/** Splits of a selection: a pass each for a few queries, one for many. */
function cut(t: number, entries: number): { readonly splits: number; readonly span: number } {
  const passes = Math.ceil(entries / keysOfPass);
  const span = keysOfPass * (t <= 8 ? Math.ceil(passes / maxSplits) : passes);
  return { splits: Math.ceil(entries / span), span };
}

type SelectedVariant = Variant<SelectedTensors, SelectedOptions, AttentionResult>;

/** A thread for each query of a head. */
const naive: SelectedVariant = {
  accepts: ({ k, v }: SelectedTensors) =>
    k.dtype === "f32" && v.dtype === "f32" ? undefined : `it takes keys and values of f32, not ${k.dtype}`,
  record: (gpu: Gpu, tensors: SelectedTensors, options: SelectedOptions): AttentionResult => {
    using scope = gpu.scope();
    const own = {
      q: asContiguous(gpu, tensors.q),
      k: asContiguous(gpu, tensors.k),
      v: asContiguous(gpu, tensors.v),
      indices: asContiguous(gpu, tensors.indices),
    };
    const problem = Object.assign(problemOf(tensors, options), { splits: 1, span: 0 });
    return attentionResult(scope, naiveKernel(gpu, own, problem));
  },
};

/** A workgroup for the heads that share keys and indices, over a split of these. */
const gathered: SelectedVariant = {
  accepts: (tensors: SelectedTensors, options: SelectedOptions) => {
    const { q, k, v, indices } = tensors;
    const [g = 1, m = 1] = [k.shape[1], indices.shape[1]];
    if (Math.max(g, m) % Math.min(g, m) !== 0) return `${m} heads of indices and ${g} of keys do not divide`;
    return partsRefusal({ q, k, v }, problemOf(tensors, options), 256);
  },
  record: (gpu: Gpu, tensors: SelectedTensors, options: SelectedOptions): AttentionResult => {
    using scope = gpu.scope();
    const { q, k, v } = tensors;
    const indices = asContiguous(gpu, tensors.indices);
    const given = problemOf(tensors, options);
    const problem = Object.assign(given, cut(q.shape[2] ?? 0, (indices.shape[3] ?? 0) * given.block));
    const parts = gatheredKernel(gpu, { q, k, v, indices }, problem);
    return joinSplits(gpu, scope, { ...parts, sink: undefined }, problem);
  },
};

const variants = { naive, gathered } as const;

/**
 * Attention over selected keys, `out = softmax(scale · q · k[indices]ᵀ) · v[indices]` (DeepSeek-AI 2025; Lu et al. 2025
 * and Yuan et al. 2025 for blocks of keys): exact for what is selected. → out `[b, h, t, dv]`, a view of memory in the
 * order `[b, t, h, dv]`; lse `[b, h, t]` on request. Keys after the query do not count, those that are not selected are
 * not read. A query that selects none gives zeros and an lse of −∞. An index must not occur twice for a query.
 */
export const selectedAttention = /* @__PURE__ */ defineOp<
  SelectedTensors,
  SelectedOptions,
  AttentionResult,
  typeof variants
>(
  { name: "selectedAttention", variants, order: () => ["gathered", "naive"] },
  {
    tensors: tensorFields("q", "k", "v", "indices"),
    options: fieldsOf<SelectedOptions>({
      block: integer(1, 2 ** 24),
      scale: finite,
      start: integer(1 - 2 ** 30, 2 ** 30 - 1),
      lse: boolean,
    }),
  },
);
