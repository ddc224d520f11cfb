import source from "#shaders/attention/split-k/parts.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { defineKernel } from "../kernel.ts";
import { tuning } from "../tuning.ts";
import {
  attentionBrings,
  attentionParts,
  attentionUniforms,
  blocksOf,
  bufferRefusal,
  bySequence,
  placedAxes,
  placedInputs,
  placedTensors,
  placedTypes,
  placedViews,
  type Sizes,
  visibleKeys,
  visiblePairs,
} from "./definition.ts";
import { rowBytes } from "./layouts.ts";
import { type AttentionTensors, type AttentionVariant, attentionProblem, partsRefusal } from "./options.ts";
import { joinSplits, keySplits, type SplitProblem, splitWorkspace } from "./splits.ts";

/** Threads of a workgroup. */
const threads = 64;

/** What the kernels are told beside the problem. */
interface ThreadedProblem extends SplitProblem {
  /** Keys that a thread scores at a time. */
  readonly threadKeys: number;
}

/** What the kernel of the parts is joined with. */
const joined = { mask: true, score: true, place: true } as const;

/** Query rows of one workgroup, out of the tokens and heads of one key and value head. Wide queries leave room for four. */
const blockRows = (rows: number, d: number) => (rows <= 4 || d > 256 ? 4 : 8);

/** Keys that a thread scores at a time: what it loads of q serves them all. Weights of 8 fit beside a narrow q alone. */
const keysOfThread = (rows: number, d: number, gpu: Gpu) =>
  blockRows(rows, d) === 4 && d <= 512 ? tuning(gpu).splitKThreadKeys : 4;

/** How the keys are cut, for these tensors. */
function cutOf({ q, k }: AttentionTensors, capacity: number, wanted?: number) {
  const [, h = 0, t = 0, d = 0] = q.shape;
  const rows = (h / (k.shape[1] ?? 1)) * t;
  const threadKeys = keysOfThread(rows, d, q.gpu);
  return { threadKeys, ...keySplits(capacity, threads * threadKeys, wanted) };
}

/** Heads of this width leave room for the weights in workgroup memory. */
const widest = 768;

const partsKernel = defineKernel({
  name: "attention/split-k/parts",
  source,
  inputs: placedInputs,
  outputs: { mixed: "[b, t, h, splits, dv]", extremes: "[b, t, h, splits, 2]" },
  accepts: placedTypes,
  strided: placedViews,
  axes: (_axes, problem: ThreadedProblem) => ({ splits: problem.splits, ...placedAxes(problem) }),
  params: ({ h, g, t }, { splits, span, start, length, scale }) => ({ h, g, t, splits, span, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...joined }),
  brings: (problem) => attentionBrings(problem, joined),
  specialise: ({ d, dv, h, g, t }, problem, context) => ({
    ...attentionParts(problem, joined, context),
    constants: {
      HEAD_WIDTH: d,
      VALUE_WIDTH: dv,
      ROWS: blockRows((h / g) * t, d),
      WORKGROUP: threads,
      THREAD_KEYS: problem.threadKeys,
    },
  }),
  workgroups: ({ b, h, g, t, d }, { splits, place }) => {
    const rows = (h / g) * t;
    return [splits, blocksOf(place, rows, blockRows(rows, d)), b * g];
  },
  cost: bySequence(({ b, h, g, t, d, dv }: Sizes<"b" | "h" | "g" | "t" | "d" | "dv">, problem: ThreadedProblem) => {
    const [rows, block] = [(h / g) * t, blockRows((h / g) * t, d)];
    const s = problem.place.capacity;
    const { k, v } = rowBytes(problem.place, d);
    const tokenOf = (row: number) => Math.floor((row * g) / h);
    let executed = 0; // of one key and value head
    let requested = 0;
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows) - 1;
      const [first, end] = visibleKeys({ t, s }, problem, tokenOf(row), tokenOf(last));
      for (let split = 0; split < problem.splits; split++) {
        const keys = Math.min(end, (split + 1) * problem.span) - Math.max(first, split * problem.span);
        requested += 8 * (last + 1 - row);
        if (keys <= 0) continue;
        const { threadKeys } = problem;
        const scored = threadKeys * Math.ceil(keys / threadKeys); // a thread repeats the last where there are fewer
        executed += 2 * block * (d * scored + dv * keys);
        requested += scored * k + keys * v + 4 * (block * d + (last + 1 - row) * dv);
      }
    }
    return {
      flops: 2 * (d + dv) * visiblePairs({ b, h, t, s }, problem),
      executedFlops: b * g * executed,
      requestedBytes: b * g * requested,
    };
  }),
});

/** The keys cut into splits that run side by side, and a kernel that joins them (Flash-Decoding). For few queries. */
export const splitK: AttentionVariant = {
  accepts: (tensors, options) => {
    const parts = { ...tensors, sink: undefined }; // which have neither lse nor sink
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
    const parts = { ...partsKernel(gpu, placedTensors(tensors), problem), sink: tensors.sink };
    return joinSplits(gpu, scope, parts, problem);
  },
};
