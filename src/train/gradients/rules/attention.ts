import { attention, tableAttention } from "../../../kernels/attention/attention.ts";
import {
  type AttentionBackwardOptions,
  attentionBackward,
} from "../../../kernels/attention/backward/attention-backward.ts";
import { provideOnce } from "../../../kernels/attention/block-map.ts";
import type { AttentionOptions, AttentionResult, AttentionTensors } from "../../../kernels/attention/options.ts";
import { madeOnce } from "../../../kernels/define/once.ts";
import { layoutName } from "../../../kernels/kv-cache/layouts.ts";
import { GradientError, type Rule, ruleOf } from "../rule.ts";

// Layers share a mask, and with it the map of its visible tiles.
provideOnce(madeOnce);

/** Prefix of the paths of the score's tensors in a call's options. */
const scorePath = "score.";

/** Why a call has no gradient; undefined if it has one. */
function refusal({ step }: AttentionTensors, { layout = "contiguous" }: AttentionOptions): string | undefined {
  if (step) return "reads its positions from a step, which only a session's programs have";
  const name = layoutName(layout);
  return name === "contiguous" || name === "ragged" ? undefined : `reads keys and values of a cache, which is ${name}`;
}

/**
 * The gradients of q, k, v, the sinks and tensors of the score. They are computed from the log-sum-exp of each row: a
 * call without `lse` is repeated.
 */
const ruleFor = (op: typeof attention | typeof tableAttention): Rule =>
  ruleOf<AttentionTensors, AttentionResult, AttentionOptions>(op, (gpu, call) => {
    const { tensors, options, result, gradient, needs } = call;
    const why = gradient.lse ? "has a gradient of its log-sum-exp" : refusal(tensors, options);
    if (why) throw new GradientError(`gradients: attention ${why}`);
    const ofMask = [...needs].find((name) => name.startsWith("mask."));
    if (ofMask) {
      throw new GradientError(
        `gradients: attention's ${ofMask} has no gradient, because a mask shows a key or hides it; ` +
          "what is to be learned belongs in a score, and a mask's tensors depend on no parameter",
      );
    }
    if (!gradient.out) return {};
    const { into: _, lse: __, splits: ___, ...all } = options;
    const same = all as typeof all & { readonly layout?: AttentionBackwardOptions["layout"] };
    const { q, k, v, sink } = tensors;
    const { out, lse } = result.lse ? result : op(gpu, { q, k, v, sink }, { ...same, lse: true });
    if (!lse) throw new GradientError("gradients: attention gave no log-sum-exp");
    const ofScore = [...needs].filter((name) => name.startsWith(scorePath)).map((name) => name.slice(scorePath.length));
    const own = { q: needs.has("q"), k: needs.has("k"), v: needs.has("v"), sink: needs.has("sink") };
    const given = { q, k, v, sink, out, lse, dout: gradient.out };
    const found = attentionBackward(gpu, given, { ...same, needs: { ...own, score: ofScore } });
    const { dq, dk, dv, dsink, dscore = {} } = found;
    const ofTensors = Object.entries(dscore).map(([path, gradient]) => [scorePath + path, gradient]);
    return { q: dq, k: dk, v: dv, sink: dsink, ...Object.fromEntries(ofTensors) };
  });

export const attentionRule = ruleFor(attention);
export const tableAttentionRule = ruleFor(tableAttention);
