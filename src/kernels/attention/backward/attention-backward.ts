import { defineOp } from "../../define/op.ts";
import { makeMods } from "../records/made-mods.ts";
import { flash } from "./flash.ts";
import { materialised } from "./materialised.ts";
import {
  type AttentionBackwardOptions,
  type AttentionBackwardTensors,
  type AttentionGradients,
  attentionBackwardOptions,
  attentionBackwardTensors,
} from "./options.ts";
import { rows } from "./rows.ts";

export type {
  AttentionBackwardOptions,
  AttentionBackwardTensors,
  AttentionGradients,
  AttentionNeeds,
} from "./options.ts";

const variants = { materialised, rows, flash } as const;

/**
 * Queries and keys from which on tiles are full: on llvmpipe (Mesa 25), 64 of 4 heads take 0.7 of the time of products.
 */
const enough = 64;

/** Tiles where a sequence fills them; else products of whole matrices, or one row after the other. */
function order(
  { q, k }: AttentionBackwardTensors,
  { layout }: AttentionBackwardOptions,
): readonly (keyof typeof variants)[] {
  const offsets = typeof layout === "object" && layout.kind === "ragged" ? layout.queryOffsets.shape[0] : undefined;
  const sequences = (offsets ?? 2) - 1; // in a row
  const isEnough = Math.min(q.shape[2] ?? 0, k.shape[2] ?? 0) >= enough * sequences;
  return isEnough ? ["flash", "materialised", "rows"] : ["materialised", "rows", "flash"];
}

/**
 * The gradients of attention, `[b, h, t, dv]` → those of q, k, v and sink, from the log-sum-exp of its rows (Dao et al.
 * 2022, appendix B; the sink's weight has the same form). q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]`, out
 * and dout `[b, h, t, dv]`, lse `[b, h, t]`, all f32 and contiguous in memory or views; dk and dv are summed over the
 * query heads that read the same keys. A query that sees no key gives zeros. Sequences of different lengths may share a
 * row (`layout`), as in `attention`; rows that belong to none have gradients of 0. Masks are any; scores those of the
 * table, a user's with a derivative, and chains of them; `needs.score` names tensors of the score whose gradients are
 * wanted, such as the table of a relative bias. Throws `ShapeError` for shapes and options that do not fit, and for
 * scores without a derivative.
 */
export const attentionBackward = /* @__PURE__ */ defineOp<
  AttentionBackwardTensors,
  AttentionBackwardOptions,
  AttentionGradients,
  typeof variants
>(
  { name: "attentionBackward", variants, order, prepare: makeMods },
  { tensors: attentionBackwardTensors, options: attentionBackwardOptions },
);
