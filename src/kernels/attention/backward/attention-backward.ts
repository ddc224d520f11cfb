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

export type {
  AttentionBackwardOptions,
  AttentionBackwardTensors,
  AttentionGradients,
  AttentionNeeds,
} from "./options.ts";

const variants = { materialised } as const;

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
  { name: "attentionBackward", variants, order: () => ["materialised"], prepare: makeMods },
  { tensors: attentionBackwardTensors, options: attentionBackwardOptions },
);
