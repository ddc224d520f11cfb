import source from "#shaders/attention/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { defineKernel, type KernelContext } from "../kernel.ts";
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
import { rowBytes } from "./layouts.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  partsRefusal,
} from "./options.ts";

/** Rows of a block and keys of a tile, as the kernel has them. */
const tiles = { ROWS: 8, KEYS: 32 } as const;

type Axes = Sizes<"b" | "h" | "g" | "t" | "d" | "dv">;

const record = {
  ...placedRecord,
  name: "attention/subgroups",
  source,
  params: ({ h, g, t }: Sizes<"h" | "g" | "t">, { start, length, scale }: AttentionProblem) => ({
    ...{ h, g, t },
    ...{ start, length, scale },
  }),
  specialise: ({ d, dv }: Sizes<"d" | "dv">, problem: AttentionProblem, context: KernelContext) => {
    const SUBGROUP = context.gpu.adapter.subgroupSize ?? 0;
    return attentionShader(problem, { HEAD_WIDTH: d, VALUE_WIDTH: dv, SUBGROUP, ...tiles }, everyPart, context);
  },
  workgroups: ({ b, h, t }: Sizes<"b" | "h" | "t">, { place }: AttentionProblem): [number, number, number] => [
    blocksOf(place, t, tiles.ROWS),
    h,
    b,
  ],
  cost: bySequence(({ b, h, t, d, dv }: Axes, problem: AttentionProblem) => {
    const s = problem.place.capacity;
    const { k, v } = rowBytes(problem.place, d);
    let [executed, requested] = [0, 4 * dv * t]; // of one head
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
} as const;

const kernel = defineKernel({ ...record, outputs: { out: "[b, t, h, dv]" } });
const kernelWithLse = defineKernel({ ...record, outputs: { out: "[b, t, h, dv]", lse: "[b, h, t]" } });

/** Why subgroups of this device cannot share heads of these widths; undefined when they can. */
function sizeRefusal({ adapter }: Gpu, d: number, dv: number): string | undefined {
  const size = adapter.subgroupSize;
  if (size === undefined) return "this device's subgroups have no one size";
  if (tiles.KEYS % size !== 0) return `this device has subgroups of ${size}, it needs a divisor of ${tiles.KEYS}`;
  for (const [name, width] of Object.entries({ d, dv })) {
    if (width % (4 * size) !== 0)
      return `${name} is ${width}, it needs a multiple of ${4 * size} for subgroups of ${size}`;
  }
  return undefined;
}

/**
 * Flash in the registers of one subgroup: no workgroup memory, no barriers, queries and weights by shuffles. Its bits do
 * not depend on the size of a subgroup. For many queries.
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
    if (!problem.lse) return attentionResult(scope, kernel(gpu, given, problem).out);
    const { out, lse } = kernelWithLse(gpu, given, problem);
    return attentionResult(scope, out, lse);
  },
};
