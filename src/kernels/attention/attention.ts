import type { Gpu } from "../../gpu/gpu.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import { flash, flashBlocks, flashPacked } from "./flash.ts";
import { flashPlain } from "./flash-plain.ts";
import { maskMod } from "./masks/mask.ts";
import {
  type AttentionOptions,
  type AttentionResult,
  type AttentionTensors,
  attentionOptions,
  attentionTensors,
} from "./options.ts";
import { makeMods } from "./records/made-mods.ts";
import { naive, rows, twoPass } from "./rungs.ts";
import { splitK } from "./split-k.ts";
import { splitSubgroups } from "./split-subgroups.ts";
import { subgroups } from "./subgroups.ts";

export { sequenceOffsets } from "../kv-cache/layouts/ragged.ts";
export type { AttentionLayout } from "../kv-cache/layouts.ts";
export type { AttentionMask, AttentionOptions, AttentionResult, AttentionScore, AttentionTensors } from "./options.ts";

const variants = {
  naive,
  rows,
  twoPass,
  flashPlain,
  flash,
  packed: flashPacked,
  blocks: flashBlocks,
  subgroups,
  splitK,
  splitSubgroups,
} as const;

/** Without what is only for study. */
const tableVariants = {
  naive,
  rows,
  twoPass,
  flash,
  packed: flashPacked,
  blocks: flashBlocks,
  subgroups,
  splitK,
  splitSubgroups,
} as const;

const checks = { tensors: attentionTensors, options: attentionOptions };

/** Variants for many queries under a mask with holes. */
const manyQueriesWithHoles = ["blocks", "flash", "rows", "naive"] as const;

/** Variants in order of preference. */
function order(
  { q }: AttentionTensors,
  { mask = "causal", dropout }: AttentionOptions,
  gpu: Gpu,
): readonly (keyof typeof tableVariants)[] {
  const { attentionOfFewQueries, attentionOfManyQueries } = tuning(gpu);
  if (dropout) return [maskMod(mask).closed ? "flash" : "blocks", "flash", "naive"];
  if ((q.shape[2] ?? 0) <= 8) return attentionOfFewQueries;
  // splitK has fewer buffers, since the log-sum-exp and the sink are those of a second kernel.
  return [...(maskMod(mask).closed ? attentionOfManyQueries : manyQueriesWithHoles), "splitK"];
}

/**
 * Scaled dot-product attention with grouped key and value heads, `out = softmax(score(scale · q · kᵀ)) · v` over the
 * keys that the mask leaves (Vaswani et al. 2017, section 3.2.1; Ainslie et al. 2023 for the groups).
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` → out `[b, h, t, dv]`, whose memory is `[b, t, h, dv]`, so that
 * the projection after it sees a token as one row; lse `[b, h, t]` on request. Query head i reads key and value head
 * floor(i / (h / g)). A query that sees no key gives zeros and an lse of −∞. With `step`, start and length of every
 * batch row are read on the GPU. Keys and values may be paged, in a ring, or sequences of different lengths in a row
 * (`layout`), and be f16, bf16 or integers with scales. Throws `ShapeError` for shapes and options that do not fit.
 */
export const attention = /* @__PURE__ */ defineOp<AttentionTensors, AttentionOptions, AttentionResult, typeof variants>(
  { name: "attention", variants, order, prepare: makeMods },
  checks,
);

/**
 * The same for masks and scores of the tables and those that `makeMods` has made: what models need, without the code
 * that reads a user's WGSL, and without flashPlain.
 */
export const tableAttention = defineOp<AttentionTensors, AttentionOptions, AttentionResult, typeof tableVariants>(
  {
    name: "attention",
    variants: tableVariants,
    order,
  },
  checks,
);
