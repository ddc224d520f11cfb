import source from "#shaders/attention/split-k/parts.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel } from "../define/kernel.ts";
import { tuning } from "../tuning.ts";
import {
  attentionBindings,
  attentionParts,
  attentionUniforms,
  blocksOf,
  bufferRefusal,
  placedAxes,
  placedInputs,
  placedTensors,
  placedTypes,
  placedViews,
} from "./definition.ts";
import { type AttentionTensors, type AttentionVariant, attentionProblem, partsRefusal, writing } from "./options.ts";
import { joinSplits, keySplits, type SplitProblem, splitCost, splitWorkspace } from "./splits.ts";

const sizes = constantsOf(source, "WORKGROUP");

/** The problem, and how the kernel goes over its keys. */
interface ThreadedProblem extends SplitProblem {
  /** Keys that a thread scores at a time. */
  readonly threadKeys: number;
}

/** The parts of the kernel that computes the splits. */
const joined = { mask: true, score: true, place: true } as const;

/**
 * Query rows of one workgroup, out of the tokens and heads of one key and value head. Wide queries leave room for four.
 */
const blockRows = (rows: number, d: number) => (rows <= 4 || d > 256 ? 4 : 8);

/**
 * Keys that a thread scores at a time, so that each load of q is reused. The weights of 8 keys fit only with a narrow
 * q.
 */
const keysOfThread = (rows: number, d: number, gpu: Gpu) =>
  blockRows(rows, d) === 4 && d <= 512 ? tuning(gpu).splitKThreadKeys : 4;

/** How the keys are split, for these tensors. */
function cutOf({ q, k }: AttentionTensors, capacity: number, wanted?: number) {
  const [, h = 0, t = 0, d = 0] = q.shape;
  const rows = (h / (k.shape[1] ?? 1)) * t;
  const threadKeys = keysOfThread(rows, d, q.gpu);
  return { threadKeys, ...keySplits(capacity, sizes.WORKGROUP * threadKeys, wanted) };
}

/** Heads of this width leave room for the weights in workgroup memory. */
const widest = 768;

const partsKernel = defineKernel({
  name: "attention/split-k/parts",
  source,
  inputs: placedInputs,
  outputs: { accumulators: "[b, t, h, splits, dv]", stats: "[b, t, h, splits, 2]" },
  accepts: placedTypes,
  strided: placedViews,
  axes: (_axes, problem: ThreadedProblem) => ({ splits: problem.splits, ...placedAxes(problem) }),
  params: ({ h, g, t }, { splits, span, start, length, scale }) => ({ h, g, t, splits, span, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...joined }),
  binds: (problem) => attentionBindings(problem, joined),
  specialise: ({ d, dv, h, g, t }, problem, context) => ({
    ...attentionParts(problem, joined, context),
    constants: {
      HEAD_WIDTH: d,
      VALUE_WIDTH: dv,
      ROWS: blockRows((h / g) * t, d),
      THREAD_KEYS: problem.threadKeys,
    },
  }),
  workgroups: ({ b, h, g, t }, { splits, place }, _context, shader) => {
    return [splits, blocksOf(place, (h / g) * t, constantsOf(shader, "ROWS").ROWS), b * g];
  },
  cost: splitCost((shader) => {
    const { ROWS, THREAD_KEYS } = constantsOf(shader, "ROWS", "THREAD_KEYS");
    return { rows: ROWS, keys: THREAD_KEYS, reloads: false };
  }),
});

/** The keys cut into splits that run in parallel, and a kernel that merges them (Flash-Decoding). For few queries. */
export const splitK: AttentionVariant = {
  accepts: (tensors, options) => {
    const parts = { ...tensors, sink: undefined }; // these have neither lse nor sink
    return (
      partsRefusal(tensors, attentionProblem(tensors, options), widest) ??
      bufferRefusal(5, parts, { ...options, lse: false })
    );
  },
  workspace: (tensors, options) => {
    const { capacity } = attentionProblem(tensors, options).place;
    return splitWorkspace(tensors, options, cutOf(tensors, capacity, options.splits));
  },
  record: (gpu, tensors, options) => {
    const given = attentionProblem(tensors, options);
    const problem: ThreadedProblem = { ...given, ...cutOf(tensors, given.place.capacity, options.splits) };
    using scope = gpu.scope();
    const parts = { ...partsKernel(gpu, placedTensors(tensors), writing(problem)), sink: tensors.sink };
    return joinSplits(gpu, scope, parts, problem);
  },
};
