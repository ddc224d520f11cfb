import { sizeOf } from "../../../tensor/shape.ts";
import { defineOp } from "../../op.ts";
import { makeMods } from "../made-mods.ts";
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

/** The bytes of all weights up to which products over them are faster than rows that share nothing. */
const mostWeights = 2 ** 26;

const variants = { materialised, rows } as const;

/** Products of whole matrices while they are small; memory that does not grow with queries times keys after that. */
function order({ q, k }: AttentionBackwardTensors): readonly (keyof typeof variants)[] {
  const weights = 4 * sizeOf(q.shape.slice(0, 3)) * (k.shape[2] ?? 0);
  return weights <= mostWeights ? ["materialised", "rows"] : ["rows", "materialised"];
}

/**
 * The gradients of attention, `[b, h, t, dv]` → those of q, k, v and sink, from the log-sum-exp of its rows (Dao et al.
 * 2022, appendix B; the sink's weight has the same form). q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]`, out and
 * dout `[b, h, t, dv]`, lse `[b, h, t]`, all f32 and contiguous in memory or views; dk and dv are summed over the query
 * heads that read the same keys. A query that sees no key gives zeros. Masks are any; scores those of the table, and
 * chains of them. Throws `ShapeError` for shapes and options that do not fit.
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
