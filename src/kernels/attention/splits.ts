// The keys of a cache cut into splits, and the kernel that merges their results (Flash-Decoding, Dao et al. 2023).
import lseStore from "#shaders/attention/lse/store.wgsl";
import sinkLearned from "#shaders/attention/sink/learned.wgsl";
import source from "#shaders/attention/split-k/join.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Scope } from "../../gpu/scopes.ts";
import type { Shader } from "../../gpu/shader/specialise.ts";
import { ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../define/kernel.ts";
import { attentionOutputs, bySequence, type Sizes, visibleKeys, visiblePairs } from "./definition.ts";
import { rowBytes } from "./layouts.ts";
import {
  type AttentionOptions,
  type AttentionProblem,
  type AttentionResult,
  type AttentionTensors,
  attentionProblem,
  attentionResult,
} from "./options.ts";

/** The problem, and how its keys are split. */
export interface SplitProblem extends AttentionProblem {
  readonly splits: number;
  /** Keys per split. */
  readonly span: number;
}

/** More splits than this cost more to merge than they gain. */
export const maxSplits = 32;

/**
 * How the keys of a cache with capacity `s` are split: the number of splits and the keys of each. The number depends on
 * the capacity's bucket (512, 1k, 2k, …) and `most`, so that one recorded program serves every length, and a row is
 * split the same alone or in a batch; or it is at most `wanted`. A split has a multiple of `pass` keys, those of one
 * pass of a workgroup.
 */
export function keySplits(
  s: number,
  pass: number,
  wanted?: number,
  most = maxSplits,
): { readonly splits: number; readonly span: number } {
  if (wanted !== undefined) {
    if (!Number.isInteger(wanted) || wanted < 1)
      throw new ShapeError(`attention: ${wanted} splits, expected 1 or more`);
    const span = pass * Math.ceil(s / wanted / pass);
    return { splits: Math.ceil(s / span), span };
  }
  const bucket = 2 ** Math.ceil(Math.log2(Math.max(512, s)));
  const span = Math.max(pass, bucket / most);
  return { splits: Math.ceil(s / span), span };
}

const join = defineKernel({
  name: "attention/split-k/join",
  source,
  inputs: { accumulators: "[b, t, h, splits, dv]", stats: "[b, t, h, splits, 2]", "sink?": "[h]" },
  ...attentionOutputs,
  params: ({ h, t }, { splits }: SplitProblem) => ({ h, t, splits }),
  specialise: ({ dv }, { lse, hasSink }) => ({
    parts: [...(lse ? [lseStore] : []), ...(hasSink ? [sinkLearned] : [])],
    constants: { VALUE_WIDTH: dv },
  }),
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: ({ b, h, t, dv }, { splits, lse }) => ({
    flops: 3 * b * h * t * splits * dv,
    requestedBytes: 4 * b * h * t * (splits * 1.5 * dv + dv + Number(lse)),
  }),
});

/** How a kernel goes over the keys of a split. */
interface SplitPass {
  /** Query rows of a workgroup. */
  readonly rows: number;
  /** Keys that are scored together: where there are fewer, the last is scored again. */
  readonly keys: number;
  /** True if a row of q is loaded again each time. */
  readonly reloads: boolean;
}

/**
 * The cost of a kernel that computes each row's result in each split, from how it goes over a split with this shader.
 */
export const splitCost = <P extends SplitProblem>(passOf: (shader: Shader) => SplitPass) =>
  bySequence(({ b, h, g, t, d, dv }: Sizes<"b" | "h" | "g" | "t" | "d" | "dv">, problem: P, _context, shader) => {
    const pass = passOf(shader);
    const rows = (h / g) * t;
    const s = problem.place.capacity;
    const { k, v } = rowBytes(problem.place, d);
    const tokenOf = (row: number) => Math.floor((row * g) / h);
    let [executed, requested] = [0, 0]; // of one key and value head
    for (let row = 0; row < rows; row += pass.rows) {
      const last = Math.min(row + pass.rows, rows) - 1;
      const [first, end] = visibleKeys({ t, s }, problem, tokenOf(row), tokenOf(last));
      for (let split = 0; split < problem.splits; split++) {
        const keys = Math.min(end, (split + 1) * problem.span) - Math.max(first, split * problem.span);
        requested += 8 * (last + 1 - row); // the statistics
        if (keys <= 0) continue;
        const times = Math.ceil(keys / pass.keys);
        executed += 2 * pass.rows * (d * times * pass.keys + dv * keys);
        requested += times * pass.keys * k + keys * v + 4 * (last + 1 - row) * dv;
        requested += 4 * pass.rows * d * (pass.reloads ? times : 1);
      }
    }
    return {
      flops: 2 * (d + dv) * visiblePairs({ b, h, t, s }, problem),
      executedFlops: b * g * executed,
      requestedBytes: b * g * requested,
    };
  });

/** The results of the splits for each row, and the sink. */
interface SplitParts {
  /** `[b, t, h, splits, dv]`, sum(weight · v). */
  readonly accumulators: Tensor;
  /** `[b, t, h, splits, 2]`, max and sum(weight). */
  readonly stats: Tensor;
  readonly sink: Tensor | undefined;
}

/** Records the kernel that merges the splits; the result outlives the scope. */
export function joinSplits(gpu: Gpu, scope: Scope, parts: SplitParts, problem: SplitProblem): AttentionResult {
  return attentionResult(scope, join(gpu, parts, problem));
}

/** Bytes between the two kernels. */
export function splitWorkspace(
  tensors: AttentionTensors,
  options: AttentionOptions,
  { splits }: Pick<SplitProblem, "splits">,
): number {
  const [b = 0, h = 0, t = 0] = tensors.q.shape;
  return 4 * sizeOf([b, h, t, splits, attentionProblem(tensors, options).place.dv + 2]);
}
