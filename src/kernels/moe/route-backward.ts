import source from "#shaders/moe/backward/route.wgsl";
import slopesSigmoid from "#shaders/moe/score-slopes/sigmoid.wgsl";
import slopesSoftmax from "#shaders/moe/score-slopes/softmax.wgsl";
import scoresSigmoid from "#shaders/moe/scores/sigmoid.wgsl";
import scoresSoftmax from "#shaders/moe/scores/softmax.wgsl";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { checkRule, type RoutingRule, ruleChecks } from "./route.ts";

/** Parts of each kind of scores. */
export const scoreParts = {
  softmax: [scoresSoftmax, slopesSoftmax],
  sigmoid: [scoresSigmoid, slopesSigmoid],
} as const;

/**
 * The gradient of a router's logits, from that of the weights of {@link route}: logits `[t, e]`, experts u32 `[t, k]` and
 * dweights `[t, k]` → dlogits `[t, e]`. Which experts are chosen counts as constant, so a bias of the choice has no
 * gradient. Weights that are shares of the chosen, or sigmoids, give a gradient to the logits of the chosen alone; shares
 * of all give one to all. Throws `ShapeError` for a rule that does not fit the experts.
 */
export const routeBackward = withOptions(
  defineKernel({
    name: "moe/backward/route",
    source,
    inputs: { logits: "[t, e]", experts: "[t, k]", dweights: "[t, k]" },
    outputs: { dlogits: "[t, e]" },
    accepts: { experts: ["u32"] },
    check: ({ e }, rule: RoutingRule) => checkRule(e, rule),
    params: ({ t }, { scale = 1 }) => ({ tokens: t, scale }),
    specialise: ({ e, k }, { scores, normalise }) => ({
      parts: [...scoreParts[scores]],
      constants: { EXPERTS: e, CHOICES: k, NORMALISE: normalise },
    }),
    threads: ({ t }) => t,
    cost: ({ t, e, k }) => ({ flops: t * e * (k + 8), requestedBytes: 4 * t * (e * (k + 4) + 4 * k) }),
  }),
  ruleChecks,
);
