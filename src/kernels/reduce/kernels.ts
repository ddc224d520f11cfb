import operationMax from "#shaders/reduce/operation/max.wgsl";
import operationMean from "#shaders/reduce/operation/mean.wgsl";
import operationSum from "#shaders/reduce/operation/sum.wgsl";
import threadSource from "#shaders/reduce/thread.wgsl";
import workgroupSource from "#shaders/reduce/workgroup.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import type { Shape } from "../../tensor/shape.ts";
import { defineKernel, type KernelContext } from "../kernel.ts";
import { type Walk, walker } from "../layout/walk.ts";
import { lanesFor } from "./lanes.ts";

/** The shape of a reduction: the walk over the other axes, and the reduced axis. */
export interface ReduceOptions {
  readonly operation: "sum" | "mean" | "max";
  readonly walk: Walk;
  /** Shape of the result. */
  readonly shape: Shape;
  /** Length and stride of the reduced axis. */
  readonly length: number;
  readonly step: number;
}

const operations = { sum: operationSum, mean: operationMean, max: operationMax } as const;

const fields = ({ operation, walk, length, step }: ReduceOptions, context: KernelContext) => ({
  ...walker(walk, context, { single: true }).params,
  length,
  step,
  initial: operation === "max" ? Number.NEGATIVE_INFINITY : 0,
});

const parts = ({ operation, walk }: ReduceOptions, context: KernelContext) => [
  operations[operation],
  ...walker(walk, context, { single: true }).parts,
];

/** A reduction with one thread per result. */
export const reduceByThread = defineKernel({
  name: "reduce/thread",
  source: threadSource,
  inputs: { x: "[...x]" },
  outputs: { y: "[...y]" },
  axes: (_, { shape }: ReduceOptions) => ({ y: shape }),
  strided: ["x"],
  params: (_, options, context) => fields(options, context),
  specialise: (_, options, context) => ({ parts: parts(options, context) }),
  threads: ({ y }) => y,
  cost: ({ x, y }, { length }, _context, shader) => {
    const { RUN, RUNS } = constantsOf(shader, "RUN", "RUNS");
    const joined = Math.ceil(length / RUN) + Math.ceil(length / RUNS);
    return { flops: x, executedFlops: x + y * joined, requestedBytes: 4 * (x + y) };
  },
});

/** A reduction with 4, 16 or 128 threads per result, depending on the length of the axis. */
export const reduceByWorkgroup = defineKernel({
  name: "reduce/workgroup",
  source: workgroupSource,
  inputs: { x: "[...x]" },
  outputs: { y: "[...y]" },
  axes: (_, { shape }: ReduceOptions) => ({ y: shape }),
  strided: ["x"],
  params: (_, options, context) => fields(options, context),
  specialise: (_, options, context) => ({
    parts: parts(options, context),
    constants: { ...lanesFor(options.length) },
  }),
  workgroups: ({ y }, _options, _context, shader) => [Math.ceil(y / constantsOf(shader, "RESULTS").RESULTS)],
  cost: ({ x, y }) => ({ flops: x, requestedBytes: 4 * (x + y) }),
});
