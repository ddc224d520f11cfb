import readOutSource from "#shaders/linear-attention/read-out.wgsl";
import runningSumsSource from "#shaders/linear-attention/running-sums.wgsl";
import statesSource from "#shaders/linear-attention/states.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import { checkCall } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import {
  type LinearAttentionOptions,
  type LinearAttentionProblem,
  type LinearAttentionTensors,
  linearAttentionOptions,
  linearAttentionProblem,
  linearAttentionTensors,
  viewFields,
  visibleKeys,
} from "./problem.ts";

export type { LinearAttentionOptions, LinearAttentionTensors } from "./problem.ts";

const states = defineKernel({
  name: "linear-attention/states",
  source: statesSource,
  inputs: { k: "[b, g, s, d]", v: "[b, g, s, dv]" },
  outputs: { states: "[b, g, chunks, d, width]" },
  strided: ["k", "v"],
  axes: ({ dv }, { chunks }: LinearAttentionProblem) => ({ chunks, width: dv + 1 }),
  params: ({ g, d, width }, { chunks, span }, context) => ({
    g,
    d,
    width,
    chunks,
    span,
    ...viewFields(context, ["k", "v"]),
  }),
  workgroups: ({ b, g, d, width }, { chunks }, _context, shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    return [Math.ceil(d / TILE) * Math.ceil(width / TILE), chunks, b * g];
  },
  cost: ({ b, g, d, width }, { chunks, span }, _context, shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    const keys = chunks * span;
    const [rows, columns] = [Math.ceil(d / TILE), Math.ceil(width / TILE)]; // of tiles
    const steps = chunks * Math.ceil(span / TILE); // that a tile takes
    return {
      flops: 2 * b * g * keys * d * width,
      executedFlops: 2 * b * g * rows * columns * TILE ** 3 * steps,
      requestedBytes: 4 * b * g * (keys * (columns * d + rows * (width - 1)) + chunks * d * width),
    };
  },
});

const runningSums = defineKernel({
  name: "linear-attention/running-sums",
  source: runningSumsSource,
  inputs: {},
  inout: { states: "[b, g, chunks, d, width]" },
  params: ({ b, g, chunks, d, width }) => ({ chunks, elements: d * width, size: b * g * d * width }),
  threads: ({ b, g, d, width }) => b * g * d * width,
  cost: ({ b, g, chunks, d, width }) => ({
    flops: b * g * chunks * d * width,
    requestedBytes: 8 * b * g * chunks * d * width,
  }),
});

const readOut = defineKernel({
  name: "linear-attention/read-out",
  source: readOutSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, dv]", states: "[b, g, chunks, d, width]" },
  outputs: { out: "[b, t, h, dv]" },
  strided: ["q", "k", "v"],
  params: ({ h, g, t, d, dv, chunks }, { mask, span, start, length }: LinearAttentionProblem, context) => ({
    h,
    g,
    t,
    d,
    dv,
    chunks,
    span,
    start,
    length,
    causal: mask === "causal" ? 1 : 0,
    ...viewFields(context, ["q", "k", "v"]),
  }),
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: ({ b, h, t, d, dv }, problem) => {
    let products = 0;
    for (let i = 0; i < t; i++) {
      const visible = visibleKeys(problem, i);
      const rest = visible % problem.span; // keys in no state
      products += (visible >= problem.span ? d * (dv + 1) : 0) + rest * (d + dv);
    }
    return { flops: 2 * b * h * products, requestedBytes: 4 * b * h * (products + t * (d + dv)) };
  },
});

/**
 * Attention without a softmax, whose work grows with the length and not with its square: weights are φ(q) · φ(k) with
 * φ(x) = elu(x) + 1, so that `out = φ(q) · Σ φ(k) ⊗ v / φ(q) · Σ φ(k)`, and the sums over keys are shared by all queries
 * (Katharopoulos et al. 2020, equations 4 to 7). Under a causal mask the sums run: states of chunks of 64 keys are added
 * up, and the keys after a query's whole chunks are weighed one by one (Hua et al. 2022, section 3.2).
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` → out `[b, h, t, dv]`, whose memory is `[b, t, h, dv]`; d is at
 * most 256. Query head i reads key and value head floor(i / (h / g)). A query that sees no key gives zeros. It does not
 * approximate `attention`; the results differ. Throws `ShapeError` for shapes and options that do not fit.
 */
export function linearAttention(
  gpu: Gpu,
  tensors: LinearAttentionTensors,
  options: LinearAttentionOptions = {},
): { readonly out: Tensor } {
  checkCall("linearAttention", linearAttentionTensors, tensors, linearAttentionOptions, options);
  const { q, k, v } = tensors;
  const problem = linearAttentionProblem({ q, k, v }, options);
  const { mask, start, length } = problem;
  const heading = {
    op: "linearAttention",
    variant: "chunks",
    options: { mask, start, length },
    by: linearAttention,
    tensors,
  };
  return gpu.group(heading, () => {
    using scope = gpu.scope();
    const sums = states(gpu, { k, v }, { ...problem, into: {} });
    if (problem.chunks > 1) runningSums(gpu, sums);
    const { out } = readOut(gpu, { q, k, v, ...sums }, problem);
    return { out: transpose(scope.keep(out), [0, 2, 1, 3]) };
  });
}
