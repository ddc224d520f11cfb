// The gradients of a user's tensors in scores: sums over the pairs that read each element.

import rowsElementsSource from "#shaders/attention/backward/elements/rows.wgsl";
import elementsSource from "#shaders/attention/backward/elements.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { defineKernel } from "../../define/kernel.ts";
import { sum } from "../../reduce/reduce.ts";
import { attentionBindings, attentionUniforms, bySequence, type Sizes, visiblePairs } from "../definition.ts";
import { type Axes, both, type Given, pairParts, partsOf } from "./fused.ts";
import type { BackwardProblem } from "./options.ts";
import { viewFields } from "./stats.ts";

/** The problem, and the elements of a tensor. */
export interface ElementsProblem extends BackwardProblem {
  /** The part that says which element a pair reads. */
  readonly element: ShaderModule;
  /** The number of elements. */
  readonly n: number;
}

/** Maximum memory of the sums of all parts, in elements, and maximum number of parts. */
const most = { sums: 2 ** 22, parts: 256 } as const;

/** Parts of all queries, each with a sum of every element. */
function partsFor({ h, t }: Sizes<"h" | "t">, { place, n }: ElementsProblem): number {
  return Math.max(1, Math.min(place.sequences * h * t, most.parts, Math.floor(most.sums / n)));
}

const byRows = defineKernel({
  name: "attention/backward/elements/rows",
  source: rowsElementsSource,
  ...both,
  outputs: { sums: "[parts, n]" },
  axes: (axes: Axes, problem: ElementsProblem) => ({ parts: partsFor(axes, problem), n: problem.n }),
  params: ({ h, g, t, d, dv }: Axes, { start, length, scale, place, n }, context) => ({
    b: place.sequences,
    h,
    g,
    t,
    d,
    dv,
    n,
    start,
    length,
    scale,
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...pairParts }),
  specialise: (_axes, problem) => ({ parts: [...partsOf(problem), problem.element] }),
  workgroups: (axes: Axes, problem) => [partsFor(axes, problem)],
  // Requested bytes depend on the text.
  cost: bySequence((axes: Axes, problem: ElementsProblem) => ({
    flops: 2 * (axes.d + axes.dv) * visiblePairs(axes, problem),
  })),
});

/** The sums, no pairs in memory: `[n]`. */
export const sumsOfElements = (gpu: Gpu, given: Given, problem: ElementsProblem): Tensor =>
  sum(gpu, { x: byRows(gpu, given, problem).sums }, { axis: 0 }).y;

/** The sums of `[b, h, t, s]`, pairs in memory: `[n]`. */
export const elementSums = defineKernel({
  name: "attention/backward/elements",
  source: elementsSource,
  inputs: { dscores: "[b, h, t, s]" },
  outputs: { delements: "[n]" },
  axes: (_axes, { n }: ElementsProblem) => ({ n }),
  binds: (problem) => attentionBindings(problem, { score: true }),
  params: ({ b, h, t, s, n }, { start, length }) => ({ b, h, t, s, n, start, length }),
  uniforms: (_axes, problem) => attentionUniforms(problem, { score: true }),
  specialise: (_axes, { scoreParts, element }) => ({ parts: [...scoreParts, element] }),
  workgroups: ({ n }) => [n],
  cost: ({ b, h, t, s }) => ({ flops: b * h * t * s }), // requested bytes depend on the text
});
