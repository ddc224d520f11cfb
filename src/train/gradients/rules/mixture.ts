import type { Into } from "../../../kernels/define/kernel.ts";
import { mul, sub } from "../../../kernels/elementwise/elementwise.ts";
import { asContiguous } from "../../../kernels/layout/contiguous.ts";
import { type AdaptedTensors, adaptedExperts } from "../../../kernels/moe/adapted-experts.ts";
import { adaptedExpertsBackward } from "../../../kernels/moe/adapted-experts-backward.ts";
import { type ExpertChoiceOptions, expertChoice } from "../../../kernels/moe/expert-choice.ts";
import {
  type ExpertsOptions,
  type ExpertsResult,
  type ExpertsTensors,
  experts,
  routedExperts,
} from "../../../kernels/moe/experts.ts";
import { expertsBackward } from "../../../kernels/moe/experts-backward.ts";
import { type RouteOptions, route } from "../../../kernels/moe/route.ts";
import { routeBackward } from "../../../kernels/moe/route-backward.ts";
import {
  type RouterScores,
  type RouterStatisticsTensors,
  routerStatistics,
  routerStatisticsBackward,
} from "../../../kernels/moe/router-statistics.ts";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { softmax } from "../../../kernels/softmax/softmax.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape } from "../../../tensor/views.ts";
import { GradientError, type Rule, ruleOf } from "../rule.ts";

type Routed = { readonly experts: Tensor; readonly weights: Tensor };

/** The choice is treated as constant: gradients of the weights go to the logits. */
export const routeRule = ruleOf<{ readonly logits: Tensor }, Routed, RouteOptions & Into<Routed>>(
  route as never,
  (gpu, { tensors: { logits }, options, result, gradient: { weights } }) => {
    const { layer: _, into: __, ...rule } = options;
    const dweights = weights && asContiguous(gpu, weights);
    const { experts } = result;
    return { logits: dweights && routeBackward(gpu, { logits, experts, dweights }, rule).dlogits, bias: undefined };
  },
  { unread: ["nanFlags"] },
);

/**
 * For experts that choose their tokens: weights are the scores of the choices, w = p there and 0 elsewhere, so
 * `dlogits = w · dw − p · Σ w · dw`.
 */
export const expertChoiceRule = ruleOf<{ readonly logits: Tensor }, Routed, ExpertChoiceOptions>(
  expertChoice,
  (gpu, { tensors: { logits }, result, gradient: { weights: dweights } }) => {
    if (!dweights) return {};
    const own = mul(gpu, { a: result.weights, b: dweights }).y;
    const total = reshape(sum(gpu, { x: own }, { axis: 1 }).y, [logits.shape[0] ?? 0, 1]);
    const shared = mul(gpu, { a: softmax(gpu, { x: logits }).y, b: total }).y;
    return { logits: sub(gpu, { a: own, b: shared }).y };
  },
);

/** All gradients of a layer of experts at once. */
const ruleOfExperts = (of: typeof experts | typeof routedExperts): Rule =>
  ruleOf<ExpertsTensors, ExpertsResult, ExpertsOptions>(of, (gpu, call) => {
    const { tensors, options, gradient, needs } = call;
    const { activation = "swiglu", capacity } = options;
    if (!gradient.y) return {};
    const dy = asContiguous(gpu, gradient.y);
    const wanted = {
      x: needs.has("x"),
      weights: needs.has("weights"),
      gateUp: needs.has("gateUp"),
      gateUpBias: needs.has("gateUpBias"),
      down: needs.has("down"),
      downBias: needs.has("downBias"),
    };
    const found = expertsBackward(
      gpu,
      { ...tensors, dy },
      { activation, needs: wanted, ...(capacity === undefined ? {} : { capacity }) },
    );
    return {
      x: found.dx,
      weights: found.dweights,
      gateUp: found.dgateUp,
      gateUpBias: found.dgateUpBias,
      down: found.ddown,
      downBias: found.ddownBias,
    };
  });

/** For experts with adapters: the base weights are constant. */
export const adaptedExpertsRule = ruleOf<AdaptedTensors, ExpertsResult>(
  adaptedExperts,
  (gpu, { tensors, gradient, needs }) => {
    const fixed = ["gateUp", "down", "gateScale", "upScale", "downScale"].find((name) => needs.has(name));
    if (fixed) throw new GradientError(`gradients: ${fixed} of experts with adapters has no rule: it does not change`);
    if (!gradient.y) return {};
    const dy = asContiguous(gpu, gradient.y);
    const wanted = { x: needs.has("x"), weights: needs.has("weights") };
    const found = adaptedExpertsBackward(gpu, { ...tensors, dy }, { needs: wanted });
    return {
      x: found.dx,
      weights: found.dweights,
      gateA: found.dgateA,
      gateB: found.dgateB,
      upA: found.dupA,
      upB: found.dupB,
      downA: found.ddownA,
      downB: found.ddownB,
    };
  },
);

/** Experts, with or without the baseline. */
export const expertsRules: readonly Rule[] = [ruleOfExperts(experts), ruleOfExperts(routedExperts)];

/** Only the sums over all tokens have a gradient, choices have none. */
export const statisticsRule = ruleOf<RouterStatisticsTensors, { readonly sums: Tensor }, RouterScores>(
  routerStatistics,
  (gpu, { tensors: { logits }, options, gradient: { sums: dsums } }) => ({
    logits: dsums && routerStatisticsBackward(gpu, { logits, dsums }, options).dlogits,
  }),
);
