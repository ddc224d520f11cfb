import { attention } from "../../kernels/attention/attention.ts";
import { attention as reference } from "../../reference/attention.ts";
import type { Dense } from "../../reference/dense.ts";
import { maskOf, scoreOf } from "../../reference/described.ts";
import { tensor } from "../../tensor/tensor.ts";
import { slice, transpose } from "../../tensor/views.ts";
import { type CaseTable, variantsOf } from "../case-table.ts";
import { allowedInAttention, attention as emulation, sumInAttention } from "../emulation/attention.ts";
import type { Named } from "../named.ts";
import { stepOf } from "../step.ts";
import { uploaded } from "../uploaded.ts";
import { type AttentionInputs, type CaseOptions, definedDropout, madeDropout } from "./attention-problem.ts";
import { attentionProblems } from "./attention-shapes.ts";
import { inTokens, swapTokensAndHeads } from "./attention-views.ts";

function expected(
  oracle: typeof reference,
  { q, keys, values }: Named<AttentionInputs, Dense>,
  options: CaseOptions,
): Named<"out" | "lse?", Dense> {
  const { mask = "causal", score = "none", sink, dropout, scale, length, rows, visible } = options;
  const t = q.shape[1] ?? 0;
  const known = length ?? visible ?? keys.shape[2] ?? 0;
  const start = rows ? rows.map(([position]) => position) : (options.start ?? known - t);
  const { out, lse } = oracle(
    { q: swapTokensAndHeads(q), k: keys, v: values },
    {
      mask: maskOf(mask, start),
      score: scoreOf(score, start),
      ...(sink ? { sink } : {}),
      ...(dropout ? { dropout: definedDropout(dropout, q.shape[2] ?? 0) } : {}),
      ...(scale === undefined ? {} : { scale }),
      start,
      length: rows ? rows.map(([position, tokens]) => (tokens > 0 ? position + tokens : 0)) : known,
    },
  );
  return { out, ...(options.lse ? { lse } : {}) };
}

/** Attention over a contiguous f32 cache. */
export const attentionCases: CaseTable<AttentionInputs, "out" | "lse?", CaseOptions, keyof typeof attention.variants> =
  {
    op: "attention",
    variants: variantsOf(attention),
    reference: (inputs, options) => expected(reference, inputs, options),
    run: (gpu, { q, keys, values }, { mask, score, sink, dropout, rows, visible, into, ...options }, variant) => {
      const given = visible ?? keys.shape[2] ?? 0;
      const tensors = {
        q: transpose(q, [0, 2, 1, 3]),
        k: slice(keys, 2, 0, given),
        v: slice(values, 2, 0, given),
        ...(rows ? { step: stepOf(gpu, rows) } : {}),
        ...(sink ? { sink: tensor(gpu, sink.shape, sink.values) } : {}),
      };
      return attention(gpu, tensors, {
        ...options,
        variant,
        ...(mask ? { mask: uploaded(gpu, mask) } : {}),
        ...(score ? { score: uploaded(gpu, score) } : {}),
        ...(dropout ? { dropout: madeDropout(gpu, dropout) } : {}),
        ...inTokens(into),
      });
    },
    gate: {
      emulation: (inputs, options, sum) => expected((given, o) => emulation(given, o, sum), inputs, options),
      sum: sumInAttention,
      allowed: allowedInAttention,
    },
    cases: attentionProblems,
  };
