import joinSource from "#shaders/attention/split-k/join.wgsl";
import source from "#shaders/attention/split-k/parts.wgsl";
import { sizeOf } from "../../tensor/shape.ts";
import { defineKernel } from "../kernel.ts";
import { attentionParts, attentionUniforms, type Sizes, visibleKeys, visiblePairs } from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionTensors,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  vectorRefusal,
} from "./options.ts";

/** Keys of one pass of a workgroup; a split has a multiple. */
const passKeys = 256;

/** More splits than this cost more to join than they gain. */
const mostSplits = 32;

/** What the kernels are told beside the problem. */
interface SplitProblem extends AttentionProblem {
  readonly splits: number;
  /** Keys of a split. */
  readonly span: number;
  /** Key and value heads. */
  readonly groups: number;
}

/**
 * How the keys of a cache with room for `s` are cut: the splits and the keys of each. The count follows the capacity's
 * bucket (512, 1k, 2k, …) and nothing else, so that one recorded program serves every length, and a row of a batch is
 * cut as it is alone.
 */
export function keySplits(s: number): { readonly splits: number; readonly span: number } {
  const bucket = 2 ** Math.ceil(Math.log2(Math.max(512, s)));
  const span = Math.max(passKeys, bucket / mostSplits);
  return { splits: Math.ceil(s / span), span };
}

/** Query rows of one workgroup, out of the tokens and heads of one key and value head. */
const blockRows = (rows: number) => (rows <= 4 ? 4 : 8);

const partsKernel = defineKernel({
  name: "attention/split-k/parts",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]", "step?": "[64, 4]" },
  outputs: { mixed: "[b, t, h, splits, d]", extremes: "[b, t, h, splits, 2]" },
  accepts: { step: ["u32"] },
  strided: ["q", "k", "v"],
  axes: (_axes, { splits }: SplitProblem) => ({ splits }),
  params: ({ h, g, t }, { splits, span, start, length, scale }) => ({ h, g, t, splits, span, start, length, scale }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: ({ d, h, g, t }, problem) => ({
    parts: attentionParts(problem, { mask: true, score: true }),
    constants: { HEAD_WIDTH: d, ROWS: blockRows((h / g) * t) },
  }),
  workgroups: ({ b, h, g, t }, { splits }) => {
    const rows = (h / g) * t;
    return [splits, Math.ceil(rows / blockRows(rows)), b * g];
  },
  cost: ({ b, h, g, t, s, d }, problem) => {
    const [rows, block] = [(h / g) * t, blockRows((h / g) * t)];
    const tokenOf = (row: number) => Math.floor((row * g) / h);
    let executed = 0; // pairs
    let requested = 0; // elements, of one key and value head
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows) - 1;
      const [first, end] = visibleKeys({ t, s }, problem, tokenOf(row), tokenOf(last));
      for (let split = 0; split < problem.splits; split++) {
        const keys = Math.min(end, (split + 1) * problem.span) - Math.max(first, split * problem.span);
        if (keys <= 0) continue;
        const scored = 4 * Math.ceil(keys / 4); // a thread scores four, and repeats the last where there are fewer
        executed += (block * (scored + keys)) / 2;
        requested += (scored + keys + block) * d + (last + 1 - row) * (d + 2);
      }
    }
    return {
      flops: 4 * d * visiblePairs({ b, h, t, s }, problem),
      executedFlops: 4 * d * b * g * executed,
      requestedBytes: 4 * b * g * requested,
    };
  },
});

type JoinAxes = Sizes<"b" | "h" | "t" | "d">;

const joinRecord = {
  name: "attention/split-k/join",
  source: joinSource,
  inputs: { mixed: "[b, t, h, splits, d]", extremes: "[b, t, h, splits, 2]", "step?": "[64, 4]" },
  accepts: { step: ["u32"] },
  params: ({ h, t }: JoinAxes, { groups, splits, span, start, length }: SplitProblem) => ({
    h,
    g: groups,
    t,
    splits,
    span,
    start,
    length,
  }),
  uniforms: (_axes: object, problem: SplitProblem) => attentionUniforms(problem, { mask: true }),
  specialise: ({ d, h, t }: JoinAxes, problem: SplitProblem) => ({
    parts: attentionParts(problem, { mask: true, lse: true }),
    constants: { HEAD_WIDTH: d, ROWS: blockRows((h / problem.groups) * t) },
  }),
  workgroups: ({ b, h, t }: JoinAxes): [number, number, number] => [t, h, b],
  cost: ({ b, h, t, d }: JoinAxes, { splits }: SplitProblem) => ({
    flops: 3 * b * h * t * splits * d,
    requestedBytes: 4 * b * h * t * (splits * 1.5 * d + d),
  }),
} as const;

const join = defineKernel({ ...joinRecord, outputs: { out: "[b, t, h, d]" } });
const joinWithLse = defineKernel({ ...joinRecord, outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" } });

const workspace = ({ q, k }: AttentionTensors) => {
  const [b = 0, h = 0, t = 0, d = 0] = q.shape;
  return 4 * sizeOf([b, h, t, keySplits(k.shape[2] ?? 0).splits, d + 2]);
};

/** The keys cut into splits that run side by side, and a kernel that joins them (Flash-Decoding). For few queries. */
export const splitK: AttentionVariant = {
  accepts: vectorRefusal,
  workspace,
  record: (gpu, { q, k, v, step }, options) => {
    const problem: SplitProblem = {
      ...attentionProblem({ q, k, v, step }, options),
      ...keySplits(k.shape[2] ?? 0),
      groups: k.shape[1] ?? 0,
    };
    using scope = gpu.scope();
    const parts = partsKernel(gpu, { q, k, v, step }, problem);
    if (!problem.lse) return attentionResult(scope, join(gpu, { ...parts, step }, problem).out);
    const { out, lse } = joinWithLse(gpu, { ...parts, step }, problem);
    return attentionResult(scope, out, lse);
  },
};
