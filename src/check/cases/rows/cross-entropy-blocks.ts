// The kernels that see logits a block of the vocabulary at a time, with the cases of those that see whole rows.
import type { Gpu } from "../../../gpu/gpu.ts";
import { addBlock, blockGradient, lossOfSums } from "../../../kernels/cross-entropy/blocks.ts";
import type { LossOptions } from "../../../kernels/cross-entropy/options.ts";
import { concat } from "../../../kernels/layout/concat.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import type { CrossEntropyOptions } from "../../../reference/cross-entropy.ts";
import { empty, type Tensor } from "../../../tensor/tensor.ts";
import { slice } from "../../../tensor/views.ts";
import type { CaseTable } from "../../case-table.ts";
import {
  allowedInBlocks,
  allowedInLoss,
  crossEntropy as emulation,
  crossEntropyBackward as emulationBackward,
} from "../../emulation/cross-entropy.ts";
import { crossEntropyBackwardCases, crossEntropyCases } from "./cross-entropy.ts";

/** Columns of a block, in two widths: whole Vectors of four, and single elements. */
const widths = { "blocks of 64": 64, "blocks of 21": 21 } as const;

type Width = keyof typeof widths;

/** Blocks of the columns of logits, with the column that each begins at. */
function blocksOf(gpu: Gpu, logits: Tensor, width: number): { first: number; logits: Tensor }[] {
  const cols = logits.shape[1] ?? 0;
  return Array.from({ length: Math.ceil(cols / width) }, (_, i) => ({
    first: i * width,
    logits: contiguous(gpu, { x: slice(logits, 1, i * width, Math.min(cols, (i + 1) * width)) }).y,
  }));
}

function rowsOf(gpu: Gpu, { logits, targets }: Record<"logits" | "targets", Tensor>, options: LossOptions, of: Width) {
  const { vocabulary = logits.shape[1] ?? 0 } = options;
  const sums = empty(gpu, [logits.shape[0] ?? 0, 4]);
  for (const { first, logits: block } of blocksOf(gpu, logits, widths[of])) {
    if (first < vocabulary) addBlock(gpu, { logits: block, targets, sums }, { ...options, vocabulary, first });
  }
  return lossOfSums(gpu, { sums, targets }, { ...options, vocabulary });
}

/** Rows of at most so many logits: a case of 32,000 would have 1,500 blocks. */
const maxColumns = 1100;

const short = <C extends { readonly inputs: { readonly logits: { readonly shape: readonly number[] } } }>(
  cases: readonly C[],
) => cases.filter(({ inputs }) => (inputs.logits.shape[1] ?? 0) <= maxColumns);

export const lossInBlocksCases: CaseTable<"logits" | "targets", "losses" | "lse", CrossEntropyOptions, Width> = {
  op: "cross-entropy/blocks",
  variants: Object.keys(widths) as Width[],
  reference: (inputs, options) => {
    const { losses, lse } = crossEntropyCases.reference(inputs, options);
    return { losses, lse };
  },
  run: (gpu, tensors, { into: _, ...options }, variant) => {
    const { losses, lse } = rowsOf(gpu, tensors, options, variant);
    return { losses, lse };
  },
  gate: {
    emulation: (inputs, options) => {
      const { losses, lse } = emulation(inputs, options);
      return { losses, lse };
    },
    allowed: (inputs, _, options) => allowedInLoss(inputs, options),
  },
  canaries: false,
  cases: short(crossEntropyCases.cases),
};

export const gradientInBlocksCases: CaseTable<
  "logits" | "targets" | "lse" | "count" | "dloss",
  "dlogits",
  CrossEntropyOptions,
  Width
> = {
  op: "cross-entropy/blocks/gradient",
  variants: Object.keys(widths) as Width[],
  reference: (inputs, options) => crossEntropyBackwardCases.reference(inputs, options),
  run: (gpu, { logits, ...rest }, { into: _, ...options }, variant) => {
    const { vocabulary = logits.shape[1] ?? 0 } = options;
    const { others } = rowsOf(gpu, { logits, ...rest }, options, variant);
    const blocks = blocksOf(gpu, logits, widths[variant]).map(
      ({ first, logits: block }) =>
        blockGradient(gpu, { logits: block, ...rest, others }, { ...options, vocabulary, first }).logits,
    );
    return { dlogits: concat(gpu, blocks, 1) };
  },
  gate: {
    emulation: (inputs, options) => emulationBackward(inputs, options),
    allowed: (inputs, _, options) => allowedInBlocks(inputs, options),
  },
  canaries: false,
  cases: short(crossEntropyBackwardCases.cases),
};
