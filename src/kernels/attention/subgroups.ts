import source from "#shaders/attention/subgroups.wgsl";
import { defineKernel } from "../define/kernel.ts";
import {
  attentionShader,
  blocksOf,
  bufferRefusal,
  bySequence,
  everyPart,
  placedRecord,
  placedTensors,
  type Sizes,
  visiblePairs,
} from "./definition.ts";
import { visitedTiles } from "./flash-kernel.ts";
import { sizeRefusal, subgroupTiles as tiles } from "./flash-tiles.ts";
import { rowBytes } from "./layouts.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  partsRefusal,
} from "./options.ts";

type Axes = Sizes<"b" | "h" | "g" | "t" | "d" | "dv">;

const kernel = defineKernel({
  ...placedRecord,
  name: "attention/subgroups",
  source,
  params: ({ h, g, t, d }, { start, length, scale }) => ({ h, g, t, d, start, length, scale }),
  specialise: ({ d, dv }, problem, context) => {
    const SUBGROUP = context.gpu.adapter.subgroupSize ?? 0;
    return attentionShader(problem, { HEAD_WIDTH: d, VALUE_WIDTH: dv, SUBGROUP }, everyPart, context);
  },
  workgroups: ({ b, h, t }, { place }) => [blocksOf(place, t, tiles.ROWS), h, b],
  cost: bySequence(({ b, h, t, d, dv }: Axes, problem: AttentionProblem) => {
    const s = problem.place.capacity;
    const { k, v } = rowBytes(problem.place, d);
    let [executed, requested] = [0, 4 * (dv + Number(problem.lse)) * t]; // of one head
    for (let row = 0; row < t; row += tiles.ROWS) {
      const visited = visitedTiles({ t, s }, problem, row, tiles);
      const keys = visited.reduce((sum, count) => sum + count, 0);
      executed += 2 * tiles.ROWS * (d * visited.length * tiles.KEYS + dv * keys);
      requested += visited.length * (4 * d * tiles.ROWS + k * tiles.KEYS) + v * keys;
    }
    return {
      flops: 2 * (d + dv) * visiblePairs({ b, h, t, s }, problem),
      executedFlops: b * h * executed,
      requestedBytes: b * h * requested,
    };
  }),
});

/**
 * Flash in the registers of one subgroup: no workgroup memory, no barriers, queries and weights by shuffles. Results
 * are bitwise independent of the subgroup size. For many queries.
 */
export const subgroups: AttentionVariant = {
  requires: ["subgroups"],
  accepts: (tensors, options, gpu) => {
    const problem = attentionProblem(tensors, options);
    return (
      partsRefusal(tensors, problem, 256) ??
      sizeRefusal(gpu, tensors.q.shape[3] ?? 0, problem.place.dv) ??
      bufferRefusal(4, tensors, options)
    );
  },
  record: (gpu, tensors, options) => {
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    const given = { ...placedTensors(tensors), sink: tensors.sink };
    return attentionResult(scope, kernel(gpu, given, problem));
  },
};
