import groupsLimited from "#shaders/moe/groups/limited.wgsl";
import keysBiased from "#shaders/moe/keys/biased.wgsl";
import keysLogits from "#shaders/moe/keys/logits.wgsl";
import keysScores from "#shaders/moe/keys/scores.wgsl";
import nanFlagsStore from "#shaders/moe/nan-flags/store.wgsl";
import source from "#shaders/moe/route.wgsl";
import scoresSigmoid from "#shaders/moe/scores/sigmoid.wgsl";
import scoresSoftmax from "#shaders/moe/scores/softmax.wgsl";
import { boolean, type Checks, finite, integer, object, oneOf, required, size } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";

/** How a token's experts are chosen and weighted. */
export interface RoutingRule {
  /** Experts per token. */
  readonly k: number;
  readonly scores: "softmax" | "sigmoid";
  /** Weights are normalised over the chosen experts; else over all, or the scores themselves for sigmoids. */
  readonly normalise: boolean;
  /** Factor of the weights; default 1. */
  readonly scale?: number;
  /**
   * Equal groups of consecutive experts; only `keep` groups may be chosen from, ranked by their largest key or the sum
   * of their two largest.
   */
  readonly groups?: { readonly count: number; readonly keep: number; readonly by: "maximum" | "top-two" };
}

/** A rule, and which of the layers it is for. */
export interface RouteOptions extends RoutingRule {
  /** Default 0. */
  readonly layer?: number;
}

/** Checks of a rule. */
export const ruleChecks: Checks<RoutingRule> = {
  k: required(size),
  scores: required(oneOf("softmax", "sigmoid")),
  normalise: required(boolean),
  scale: finite,
  groups: object<NonNullable<RoutingRule["groups"]>>({
    count: required(size),
    keep: required(size),
    by: required(oneOf("maximum", "top-two")),
  }),
};

const scoreParts = { softmax: scoresSoftmax, sigmoid: scoresSigmoid } as const;

/** Maximum number of experts: one thread goes over all of them for each choice. */
const maxExperts = 1024;

/**
 * The experts of each token: logits `[t, e]` → experts u32 `[t, k]`, the first chosen first, and weights `[t, k]`. The
 * largest logits are chosen, or scores plus `bias` `[e]`; ties go to the lowest index. These rules cover Mixtral
 * (normalised softmax; Jiang et al. 2024), Qwen-MoE and OLMoE (softmax), gpt-oss (normalised softmax of biased logits),
 * DeepSeek-V2 (groups by their maximum) and DeepSeek-V3 (sigmoids, bias, groups by their top two). A token with a NaN
 * logit gets NaN for all its weights, and `nanFlags` u32 `[layers]` a 1 at `layer`. Throws `ShapeError` for a rule that
 * does not fit the experts.
 */
export const route = withOptions(
  defineKernel({
    name: "moe/route",
    source,
    inputs: { logits: "[t, e]", "bias?": "[e]" },
    inout: { "nanFlags?": "[layers]" },
    outputs: { experts: "[t, k]", weights: "[t, k]" },
    accepts: { nanFlags: ["u32"] },
    dtypes: () => ({ experts: "u32" }),
    axes: (_axes, { k }: RouteOptions) => ({ k }),
    check: ({ e }, rule) => checkRule(e, rule),
    params: ({ t }, { scale = 1, layer = 0 }) => ({ tokens: t, layer, scale }),
    specialise: ({ e }, { k, scores, normalise, groups }, { dtypes }) => {
      if (dtypes["bias"] && scores === "softmax") {
        throw new ShapeError(
          "moe/route: a bias with softmax scores, expected sigmoid scores (a router's own bias is in its logits)",
        );
      }
      const bySum = groups?.by === "top-two";
      const keys = dtypes["bias"] ? keysBiased : scores === "sigmoid" || bySum ? keysScores : keysLogits;
      return {
        parts: [
          scoreParts[scores],
          keys,
          ...(groups ? [groupsLimited] : []),
          ...(dtypes["nanFlags"] ? [nanFlagsStore] : []),
        ],
        constants: {
          EXPERTS: e,
          CHOICES: k,
          NORMALISE: normalise,
          ...(groups ? { GROUPS: groups.count, KEPT: groups.keep, TOP: bySum ? 2 : 1 } : {}),
        },
      };
    },
    threads: ({ t }) => t,
    cost: ({ t, e }, { k }) => ({ flops: t * e * (k + 2), requestedBytes: 4 * t * (e * (k + 2) + 3 * k) }),
  }),
  { ...ruleChecks, layer: integer(0, 2 ** 30) },
);

/** Throws `ShapeError` where a rule does not fit `e` experts. */
export function checkRule(e: number, { k, groups, scale = 1 }: RoutingRule): void {
  const fail = (message: string): never => {
    throw new ShapeError(`moe/route: ${message}`);
  };
  if (e > maxExperts) fail(`${e} experts, expected at most ${maxExperts}`);
  if (!Number.isInteger(k) || k < 1 || k > e) fail(`k is ${k}, expected 1 to ${e} (from ${e} experts)`);
  if (!Number.isFinite(scale)) fail(`a scale of ${scale}`);
  if (!groups) return;
  const { count, keep } = groups;
  if (!Number.isInteger(count) || count < 1 || count > 32 || e % count !== 0) {
    fail(`${count} groups, expected 1 to 32 that divide ${e} experts`);
  }
  if (!Number.isInteger(keep) || keep < 1 || keep > count) fail(`${keep} groups kept, expected 1 to ${count}`);
  if (keep * (e / count) < k) fail(`${keep} groups of ${e / count} experts for k = ${k}`);
  if (groups.by === "top-two" && e / count < 2) fail(`groups of ${e / count} have no top two`);
}
