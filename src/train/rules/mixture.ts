import { contiguous } from "../../kernels/layout/contiguous.ts";
import {
  type ExpertsOptions,
  type ExpertsResult,
  type ExpertsTensors,
  experts,
  routedExperts,
} from "../../kernels/moe/experts.ts";
import { expertsBackward } from "../../kernels/moe/experts-backward.ts";
import { type RouteOptions, route } from "../../kernels/moe/route.ts";
import { routeBackward } from "../../kernels/moe/route-backward.ts";
import {
  type RouterScores,
  type RouterStatisticsTensors,
  routerStatistics,
  routerStatisticsBackward,
} from "../../kernels/moe/router-statistics.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { GradientError } from "../errors.ts";
import { type Rule, ruleOf } from "../rule.ts";

type Routed = { readonly experts: Tensor; readonly weights: Tensor };

/** The choice counts as constant: gradients of the weights go to the logits. */
export const routeRule = ruleOf<{ readonly logits: Tensor }, Routed, RouteOptions>(
  route as never,
  (gpu, { tensors: { logits }, options: { layer: _, ...rule }, result, gradient: { weights: dweights } }) => ({
    logits: dweights && routeBackward(gpu, { logits, experts: result.experts, dweights }, rule).dlogits,
    bias: undefined,
  }),
  { unread: ["nanFlags"] },
);

/** All gradients of a layer of experts at once. */
const ruleOfExperts = (of: typeof experts | typeof routedExperts): Rule =>
  ruleOf<ExpertsTensors, ExpertsResult, ExpertsOptions>(of, (gpu, call) => {
    const { tensors, options, gradient, needs } = call;
    const { activation = "swiglu", capacity } = options;
    if (capacity !== undefined) throw new GradientError("gradients: experts with a capacity have no rule");
    if (!gradient.y) return {};
    const dy = gradient.y.contiguous ? gradient.y : contiguous(gpu, { x: gradient.y }).y;
    const wanted = {
      ...{ x: needs.has("x"), weights: needs.has("weights") },
      ...{ gateUp: needs.has("gateUp"), gateUpBias: needs.has("gateUpBias") },
      ...{ down: needs.has("down"), downBias: needs.has("downBias") },
    };
    const found = expertsBackward(gpu, { ...tensors, dy }, { activation, needs: wanted });
    return {
      ...{ x: found.dx, weights: found.dweights },
      ...{ gateUp: found.dgateUp, gateUpBias: found.dgateUpBias, down: found.ddown, downBias: found.ddownBias },
    };
  });

/** Experts, with or without the baseline. */
export const expertsRules: readonly Rule[] = [ruleOfExperts(experts), ruleOfExperts(routedExperts)];

/** The sums of all tokens have one gradient; choices have none. */
export const statisticsRule = ruleOf<RouterStatisticsTensors, { readonly sums: Tensor }, RouterScores>(
  routerStatistics,
  (gpu, { tensors: { logits }, options, gradient: { sums: dsums } }) => ({
    logits: dsums && routerStatisticsBackward(gpu, { logits, dsums }, options).dlogits,
  }),
);
