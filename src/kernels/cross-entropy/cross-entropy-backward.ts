import lanesSource from "#shaders/cross-entropy/backward/lanes.wgsl";
import naiveSource from "#shaders/cross-entropy/backward/naive.wgsl";
import inPlace from "#shaders/cross-entropy/memory/in-place.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { boolean, fieldsOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { rowGrid } from "../reduce/lanes.ts";
import { byLanes, byThread, type LossOptions, lossChecks, lossKernel } from "./options.ts";

/**
 * Logits f32 `[rows, v]` and targets `[rows]` (i32 or u32) of a cross-entropy, its `lse` `[rows]` and `count` `[1]`,
 * and the gradient of its mean loss, `dloss` `[1]`.
 */
export interface LossGradientTensors {
  readonly logits: Tensor;
  readonly targets: Tensor;
  readonly lse: Tensor;
  readonly count: Tensor;
  readonly dloss: Tensor;
}

export interface LossGradientOptions extends LossOptions {
  /** True to write the gradients over the logits, so that a chunk of rows takes one buffer. */
  readonly inPlace?: boolean | undefined;
}

/** The gradient of the logits `[rows, v]`. */
export interface LossGradient {
  readonly dlogits: Tensor;
}

type Options = LossGradientOptions & Into<LossGradient>;

const others = { targets: "[rows]", lse: "[rows]", count: "[1]", dloss: "[1]" } as const;
const gradientOfRows = { accepts: { targets: ["u32", "i32"] }, ...lossKernel } as const;
type Axes = Readonly<Record<"rows" | "cols", number>>;

const byThreads = {
  ...gradientOfRows,
  name: "cross-entropy/backward/naive",
  source: naiveSource,
  threads: ({ rows }: Axes) => rows,
  cost: ({ rows, cols }: Axes, { vocabulary = cols }: Options) => ({
    flops: 6 * rows * vocabulary,
    requestedBytes: 4 * rows * (2 * vocabulary + cols),
  }),
} as const;

const apartByThread = defineKernel({
  ...byThreads,
  inputs: { logits: "[rows, cols]", ...others },
  outputs: { dlogits: "[rows, cols]" },
  specialise: (_, options: Options) => byThread(options),
});

const inPlaceByThread = defineKernel({
  ...byThreads,
  inputs: others,
  inout: { logits: "[rows, cols]" },
  specialise: (_, options: Options) => byThread(options, [inPlace]),
});

const byLaneGroups = {
  ...gradientOfRows,
  ...rowGrid,
  name: "cross-entropy/backward/lanes",
  source: lanesSource,
  cost: ({ rows, cols }: Axes, { vocabulary = cols }: Options) => ({
    flops: 6 * rows * vocabulary,
    requestedBytes: 4 * rows * (vocabulary + cols),
  }),
} as const;

const apartByLanes = defineKernel({
  ...byLaneGroups,
  inputs: { logits: "[rows, cols]", ...others },
  outputs: { dlogits: "[rows, cols]" },
  specialise: ({ cols }, options: Options) => byLanes(cols, options),
});

const inPlaceByLanes = defineKernel({
  ...byLaneGroups,
  inputs: others,
  inout: { logits: "[rows, cols]" },
  specialise: ({ cols }, options: Options) => byLanes(cols, options, [inPlace]),
});

/** Gradients in new memory, or over the logits. */
const eitherWay =
  (apart: typeof apartByLanes, over: typeof inPlaceByLanes) =>
  (gpu: Gpu, tensors: LossGradientTensors, { inPlace: over_, into, ...options }: Options): LossGradient => {
    if (!over_) return apart(gpu, tensors, { ...options, ...(into ? { into } : {}) });
    if (into?.dlogits) throw new OptionError("crossEntropyBackward: into.dlogits with inPlace, expected one of them");
    return { dlogits: over(gpu, tensors, options).logits };
  };

/** Gradients of rows that several threads share and read once. */
const lanes = { record: eitherWay(apartByLanes, inPlaceByLanes) };

/** Gradients of rows with a thread each. */
const naive = { record: eitherWay(apartByThread, inPlaceByThread) };

const variants = { lanes, naive } as const;

/**
 * The gradient of the mean cross-entropy, `dz = ((1 + 2ζ·lse)·p − (1 − ε)·[t] − ε/v)·dloss/count` with `p = exp(z −
 * lse)`, times the slope of the softcap. Options as in `crossEntropy`, which made `lse` and `count`. Ignored rows and
 * columns beyond the vocabulary are 0, all rows where `count` is 0; a row whose target is no token is NaN. If `count`
 * counts more rows than these, it is the gradient of the mean over all of them. The target's entry is computed from the
 * sum of the other tokens, since p − 1 loses all its digits where p is close to 1. logits f32 `[rows, v]` → dlogits
 * like it, the logits' own memory with `inPlace`.
 */
export const crossEntropyBackward = defineOp<LossGradientTensors, Options, LossGradient, typeof variants>(
  { name: "crossEntropyBackward", variants, order: () => ["lanes", "naive"] },
  {
    tensors: tensorFields("logits", "targets", "lse", "count", "dloss"),
    options: fieldsOf<Options>({ ...lossChecks, inPlace: boolean, into: intoOf("dlogits") }),
  },
);
