import rowsOfSplit from "#shaders/attention/flash/rows-of/split.wgsl";
import storeParts from "#shaders/attention/flash/store/parts.wgsl";
import source from "#shaders/attention/subgroups.wgsl";
import { defineKernel, type KernelContext } from "../kernel.ts";
import {
  attentionBrings,
  attentionParts,
  attentionUniforms,
  blocksOf,
  bufferRefusal,
  bySequence,
  placedAxes,
  placedInputs,
  placedRecord,
  placedTensors,
  type Sizes,
  visibleKeys,
  visiblePairs,
} from "./definition.ts";
import { rowBytes } from "./layouts.ts";
import { type AttentionTensors, type AttentionVariant, attentionProblem, partsRefusal } from "./options.ts";
import { joinSplits, keySplits, mostSplits, type SplitProblem, splitWorkspace } from "./splits.ts";
import { sizeRefusal, subgroupTiles } from "./subgroup-tiles.ts";

const { KEYS } = subgroupTiles;

/** What the kernel is joined with: lse and sink come in where the splits are joined. */
const joined = { mask: true, score: true, place: true } as const;

/** Rows of a block, out of the tokens and heads of one key and value head. */
const blockRows = (rows: number) => [1, 2, 4].find((count) => rows <= count) ?? 8;

const kernel = defineKernel({
  ...placedRecord,
  name: "attention/subgroups",
  source,
  inputs: placedInputs,
  outputs: { out: "[b, t, h, splits, dv]", extremes: "[b, t, h, splits, 2]" },
  wants: () => ({}),
  axes: (_axes, problem: SplitProblem) => ({ splits: problem.splits, ...placedAxes(problem) }),
  brings: (problem: SplitProblem) => attentionBrings(problem, joined),
  params: ({ h, g, t, d }: Sizes<"h" | "g" | "t" | "d">, { start, length, scale }) => ({
    ...{ h, g, t, d },
    ...{ start, length, scale },
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
        KEYS,
      },
    };
  },
  workgroups: ({ b, h, g, t }, { splits, place }) => {
    const rows = (h / g) * t;
    return [blocksOf(place, rows, blockRows(rows)), g * splits, b];
  },
  cost: bySequence(({ b, h, g, t, d, dv }: Sizes<"b" | "h" | "g" | "t" | "d" | "dv">, problem: SplitProblem) => {
    const [rows, block] = [(h / g) * t, blockRows((h / g) * t)];
    const s = problem.place.capacity;
    const { k, v } = rowBytes(problem.place, d);
    const tokenOf = (row: number) => Math.floor((row * g) / h);
    let [executed, requested] = [0, 0]; // of one key and value head
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows) - 1;
      const [first, end] = visibleKeys({ t, s }, problem, tokenOf(row), tokenOf(last));
      for (let split = 0; split < problem.splits; split++) {
        const keys = Math.min(end, (split + 1) * problem.span) - Math.max(first, split * problem.span);
        requested += 8 * (last + 1 - row);
        if (keys <= 0) continue;
        const tiles = Math.ceil(keys / KEYS);
        executed += 2 * block * (d * tiles * KEYS + dv * keys);
        requested += tiles * (4 * d * block + k * KEYS) + keys * v + 4 * (last + 1 - row) * dv;
      }
    }
    return {
      flops: 2 * (d + dv) * visiblePairs({ b, h, t, s }, problem),
      executedFlops: b * g * executed,
      requestedBytes: b * g * requested,
    };
  }),
});

/** How the keys are cut, for these tensors: the more key and value heads there are to run side by side, the fewer splits. */
function cutOf({ k }: AttentionTensors, capacity: number, wanted?: number) {
  return keySplits(capacity, KEYS, wanted, Math.max(2, mostSplits / (k.shape[1] ?? 1)));
}

/**
 * splitK in the registers of subgroups: each has the query heads of one key and value head and a split of the keys. Its
 * bits do not depend on the size of a subgroup. For few queries.
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
    const { into: _, ...apart } = problem; // the memory is for the result
    const { out: mixed, extremes } = kernel(gpu, placedTensors(tensors), apart);
    return joinSplits(gpu, scope, { mixed, extremes, sink: tensors.sink }, problem);
  },
};
