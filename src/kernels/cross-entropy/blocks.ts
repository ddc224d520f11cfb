// Cross-entropy of logits that are never whole in memory: kernels that see a block of the vocabulary at a time.
import gradientSource from "#shaders/cross-entropy/blocks/gradient.wgsl";
import lossSource from "#shaders/cross-entropy/blocks/loss.wgsl";
import sumsSource from "#shaders/cross-entropy/blocks/sums.wgsl";
import { defineKernel } from "../define/kernel.ts";
import { rowGrid } from "../reduce/lanes.ts";
import { byLanes, capPart, ignoredWord, type LossOptions } from "./options.ts";

/** The token of a block's first column, and how many tokens there are in all. */
interface BlockOptions extends LossOptions {
  readonly first: number;
  readonly vocabulary: number;
}

/** Adds a block of logits `[rows, cols]` to the sums `[rows, 4]` of its rows; the first block begins them. */
export const addBlock = defineKernel({
  name: "cross-entropy/blocks/sums",
  source: sumsSource,
  inputs: { logits: "[rows, cols]", targets: "[rows]" },
  inout: { sums: "[rows, 4]" },
  accepts: { targets: ["u32", "i32"] },
  params: ({ rows, cols }, { first, vocabulary, smoothing = 0, zLoss = 0, softcap = 1, ...rest }: BlockOptions) => ({
    rows,
    cols,
    first,
    vocabulary,
    ignored: ignoredWord(rest),
    smoothing,
    z_loss: zLoss,
    cap: softcap,
  }),
  specialise: ({ cols }, options) => byLanes(cols, options),
  ...rowGrid,
  cost: ({ rows, cols }, { first, vocabulary }) => {
    const tokens = Math.min(cols, vocabulary - first);
    return { flops: 6 * rows * tokens, requestedBytes: 8 * rows * tokens };
  },
});

/** The losses of rows from their sums. */
export const lossOfSums = defineKernel({
  name: "cross-entropy/blocks/loss",
  source: lossSource,
  inputs: { sums: "[rows, 4]", targets: "[rows]" },
  outputs: { losses: "[rows]", lse: "[rows]", others: "[rows]" },
  accepts: { targets: ["u32", "i32"] },
  params: ({ rows }, { vocabulary, smoothing = 0, zLoss = 0, ...rest }: Omit<BlockOptions, "first">) => ({
    rows,
    vocabulary,
    ignored: ignoredWord(rest),
    smoothing,
    z_loss: zLoss,
  }),
  threads: ({ rows }) => rows,
  cost: ({ rows }) => ({ flops: 16 * rows, requestedBytes: 32 * rows }),
});

/** The gradient of a block of logits `[rows, cols]`, in place. */
export const blockGradient = defineKernel({
  name: "cross-entropy/blocks/gradient",
  source: gradientSource,
  inputs: { targets: "[rows]", lse: "[rows]", others: "[rows]", count: "[1]", dloss: "[1]" },
  inout: { logits: "[rows, cols]" },
  accepts: { targets: ["u32", "i32"] },
  params: ({ rows, cols }, { vocabulary, smoothing = 0, zLoss = 0, softcap = 1, ...rest }: BlockOptions) => ({
    rows,
    cols,
    vocabulary,
    ignored: ignoredWord(rest),
    smoothing,
    z_loss: zLoss,
    cap: softcap,
  }),
  uniforms: (_axes, { first }) => ({ block: { first } }),
  specialise: (_axes, options) => ({ parts: [capPart(options)] }),
  threads: ({ rows, cols }) => rows * cols,
  cost: ({ rows, cols }) => ({ flops: 6 * rows * cols, requestedBytes: 36 * rows * cols }),
});
