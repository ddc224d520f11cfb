import rowsOfSplit from "#shaders/attention/flash/rows-of/split.wgsl";
import storeParts from "#shaders/attention/flash/store/parts.wgsl";
import source from "#shaders/attention/subgroups.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel, type KernelContext } from "../define/kernel.ts";
import {
  attentionBindings,
  attentionParts,
  attentionUniforms,
  blocksOf,
  bufferRefusal,
  placedAxes,
  placedInputs,
  placedRecord,
  placedTensors,
  type Sizes,
} from "./definition.ts";
import { sizeRefusal, subgroupTiles } from "./flash-tiles.ts";
import { type AttentionTensors, type AttentionVariant, attentionProblem, partsRefusal, writing } from "./options.ts";
import { joinSplits, keySplits, maxSplits, type SplitProblem, splitCost, splitWorkspace } from "./splits.ts";

/** The kernel's parts; lse and sink are handled where the splits are merged. */
const joined = { mask: true, score: true, place: true } as const;

/** Rows of a block, out of the tokens and heads of one key and value head. */
const blockRows = (rows: number) => [1, 2, 3, 4].find((count) => rows <= count) ?? 8;

const kernel = defineKernel({
  ...placedRecord,
  name: "attention/subgroups",
  source,
  inputs: placedInputs,
  outputs: { out: "[b, t, h, splits, dv]", stats: "[b, t, h, splits, 2]" },
  wants: () => ({}),
  axes: (_axes, problem: SplitProblem) => ({ splits: problem.splits, ...placedAxes(problem) }),
  binds: (problem: SplitProblem) => attentionBindings(problem, joined),
  params: ({ h, g, t, d }: Sizes<"h" | "g" | "t" | "d">, { start, length, scale }) => ({
    h,
    g,
    t,
    d,
    start,
    length,
    scale,
  }),
  uniforms: (_axes: object, problem: SplitProblem, views: KernelContext) => ({
    ...attentionUniforms(problem, { views, ...joined }),
    splits: { count: problem.splits, span: problem.span },
  }),
  specialise: ({ d, dv, h, g, t }, problem, context) => {
    const { parts = [], ...rest } = attentionParts(problem, joined, context);
    return {
      ...rest,
      parts: [...parts, rowsOfSplit, storeParts],
      constants: {
        HEAD_WIDTH: d,
        VALUE_WIDTH: dv,
        SUBGROUP: context.gpu.adapter.subgroupSize ?? 0,
        ROWS: blockRows((h / g) * t),
      },
    };
  },
  workgroups: ({ b, h, g, t }, { splits, place }, _context, shader) => {
    return [blocksOf(place, (h / g) * t, constantsOf(shader, "ROWS").ROWS), g * splits, b];
  },
  cost: splitCost((shader) => {
    const { ROWS, KEYS } = constantsOf(shader, "ROWS", "KEYS");
    return { rows: ROWS, keys: KEYS, reloads: true };
  }),
});

/** How the keys are split, for these tensors: the more key and value heads run in parallel, the fewer splits. */
function cutOf({ k }: AttentionTensors, capacity: number, wanted?: number) {
  return keySplits(capacity, subgroupTiles.KEYS, wanted, Math.max(2, maxSplits / (k.shape[1] ?? 1)));
}

/**
 * splitK in the registers of subgroups: each has the query heads of one key and value head and a split of the keys.
 * Results are bitwise independent of the subgroup size. For few queries.
 */
export const splitSubgroups: AttentionVariant = {
  requires: ["subgroups"],
  accepts: (tensors, options, gpu) => {
    const problem = attentionProblem(tensors, options);
    return (
      partsRefusal(tensors, problem, 256) ??
      sizeRefusal(gpu, tensors.q.shape[3] ?? 0, problem.place.dv) ??
      bufferRefusal(5, { ...tensors, sink: undefined }, { ...options, lse: false })
    );
  },
  workspace: (tensors, options) => {
    const { capacity } = attentionProblem(tensors, options).place;
    return splitWorkspace(tensors, options, cutOf(tensors, capacity, options.splits));
  },
  record: (gpu, tensors, options) => {
    const given = attentionProblem(tensors, options);
    const problem: SplitProblem = { ...given, ...cutOf(tensors, given.place.capacity, options.splits) };
    using scope = gpu.scope();
    const { out: accumulators, stats } = kernel(gpu, placedTensors(tensors), writing(problem));
    return joinSplits(gpu, scope, { accumulators, stats, sink: tensors.sink }, problem);
  },
};
