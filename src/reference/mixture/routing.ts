import { boolean, type Checks, finite, integer, object, oneOf, required, size, text } from "../../options/checks.ts";
import { sigmoid } from "../activation.ts";
import { argument, given, optionalTensor, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense } from "../dense.ts";

/** How a router's logits choose and weight experts; see {@link route}. */
export interface RoutingRule {
  /** Experts per token. */
  readonly k: number;
  /** How scores follow from logits: softmax over all experts, or sigmoid of each. */
  readonly scores: "softmax" | "sigmoid";
  /** Whether the weights are divided by their sum over the chosen experts. */
  readonly normalise: boolean;
  /** Factor of the weights, after that division; default 1. */
  readonly scale?: number;
  /**
   * Experts in `count` equal groups, of which `keep` are eligible: those with the largest key, or sum of their two
   * largest keys.
   */
  readonly groups?: { readonly count: number; readonly keep: number; readonly by: "maximum" | "top-two" };
}

/** Checks of a rule for this many experts. */
export const ruleChecks = (experts: number): Checks<RoutingRule> => ({
  k: required(integer(1, experts)),
  scores: required(oneOf("softmax", "sigmoid")),
  normalise: required(boolean),
  scale: finite,
  groups: object<NonNullable<RoutingRule["groups"]>>({
    count: required(integer(1)),
    keep: required(integer(1)),
    by: required(oneOf("maximum", "top-two")),
  }),
});

/** The experts of each token, with their weights. */
export interface Routing {
  /** Ids of experts `[t, k]`; the number of experts means "no expert". */
  readonly experts: Dense;
  /** `[t, k]`. */
  readonly weights: Dense;
  /** How far each token's selection is from a different one, in units of the selection key; `t` numbers. */
  readonly margins: Float64Array;
}

const NEGATIVE = Number.NEGATIVE_INFINITY;

/** The number as a sort key, in which NaN is −∞. */
const orLeast = (value: number): number => (Number.isNaN(value) ? NEGATIVE : value);

/**
 * The k experts of each token and their weights. logits `[t, e]`, bias `[e]` → experts `[t, k]`, weights `[t, k]`,
 * margins.
 *
 * Selection: the k largest keys, largest first, the lower expert first on ties. The key is the logit (softmax), or the
 * score plus the bias where there is one (softmax with a bias or groups: softmax score + bias; sigmoid: sigmoid score +
 * bias). With groups, keys outside of the kept groups become −∞; a group's score is its largest key, or the sum of its
 * two largest (of its only one); of equal groups the lower one is kept.
 *
 * Weights: the chosen experts' scores without the bias. Softmax: `exp(l − max)` over its sum over all experts, or with
 * `normalise` over the sum over the chosen. Sigmoid: `sigmoid(l)`, with `normalise` over the sum over the chosen +
 * 1e-20. All times `scale`.
 *
 * Margins: the smallest gap between the key of a chosen and of another eligible expert, or between the scores of a kept
 * and a dropped group where that is smaller; Infinity where there is no other choice.
 *
 * A key that is NaN counts as −∞. A NaN among a token's logits counts as NaN in all of them, so that token's experts
 * are 0 to k − 1 and its weights NaN. Weights are NaN too where the softmax is not defined: a logit of +∞, or none
 * above −∞.
 *
 * Softmax normalised: Mixtral (Jiang et al. 2024, section 2.1), Qwen3-MoE, gpt-oss. Softmax without normalising: Switch
 * (Fedus et al. 2021), Qwen2-MoE, OLMoE; with groups by maximum and a scale, DeepSeek-V2 (2024, section 2.2). Sigmoid
 * with bias, groups by top-two and a scale: DeepSeek-V3 (2024, section 2.1.2, and its published code).
 *
 * Throws a RangeError for groups that do not divide e, for keeping more groups than there
 * are, and for kept groups with fewer than k experts.
 */
export function route(tensors: { logits: Dense; bias?: Dense | undefined }, rule: RoutingRule): Routing {
  const { logits, bias } = given("route", tensors, { logits: tensor, bias: optionalTensor });
  const { t, e } = axes("route", { logits }, { logits: "t e" });
  if (bias) axes("route", { logits, bias }, { logits: "t e", bias: "e" });
  given("route", rule, ruleChecks(e));
  checkGroups(rule, e);
  const { k, normalise, scale = 1, groups } = rule;
  const isSoftmax = rule.scores === "softmax";
  const experts = dense([t, k]);
  const weights = dense([t, k]);
  const margins = new Float64Array(t);
  for (let token = 0; token < t; token++) {
    const own = logits.values.subarray(token * e, (token + 1) * e);
    const row = own.some(Number.isNaN) ? own.map(() => Number.NaN) : own;
    const scores = isSoftmax ? exponentialsOf(row) : row.map(sigmoid); // softmax: times their sum
    const sum = isSoftmax ? sumOf(scores) : 1;
    const keys = row.map((logit, id) => {
      if (isSoftmax && !bias && !groups) return orLeast(logit);
      return orLeast(at(scores, id) / sum + (bias ? at(bias.values, id) : 0));
    });

    const groupMargin = groups ? dropGroups(keys, groups) : Number.POSITIVE_INFINITY;
    const chosen = largest(keys, k);
    margins[token] = Math.min(groupMargin, marginOf(keys, chosen));

    const chosenSum = sumOf(Float64Array.from(chosen, (id) => at(scores, id))) + (isSoftmax ? 0 : 1e-20);
    for (const [i, id] of chosen.entries()) {
      experts.values[token * k + i] = id;
      weights.values[token * k + i] = scale * (at(scores, id) / (normalise ? chosenSum : sum));
    }
  }
  return { experts, weights, margins };
}

function checkGroups({ k, groups }: RoutingRule, e: number): void {
  if (!groups) return;
  const { count, keep } = groups;
  if (e % count !== 0) {
    throw new RangeError(`route: ${count} groups (from rule) do not divide ${e} experts (from logits)`);
  }
  if (keep > count) throw new RangeError(`route: ${keep} groups kept, expected at most ${count} (from rule)`);
  if (keep * (e / count) < k) {
    throw new RangeError(`route: ${keep} groups of ${e / count} experts are kept, expected at least ${k} experts (k)`);
  }
}

/** Sets the keys outside of the kept groups to −∞; returns the gap between a kept and a dropped group's score. */
function dropGroups(keys: Float64Array, { count, keep, by }: NonNullable<RoutingRule["groups"]>): number {
  const size = keys.length / count;
  const scores = Float64Array.from({ length: count }, (_, group) => {
    const [first = NEGATIVE, second = 0] = keys
      .slice(group * size, (group + 1) * size)
      .sort()
      .reverse();
    return by === "maximum" ? first : orLeast(first + second);
  });
  const kept = largest(scores, keep);
  for (let id = 0; id < keys.length; id++) {
    if (!kept.includes(Math.floor(id / size))) keys[id] = NEGATIVE;
  }
  return marginOf(scores, kept);
}

/** Indices of the n largest values, largest first; of equal ones the lower index first. */
function largest(values: Float64Array, n: number): number[] {
  const order = Array.from(values, (value, id) => ({ value, id }));
  order.sort((p, q) => (p.value === q.value ? p.id - q.id : q.value - p.value));
  return order.slice(0, n).map(({ id }) => id);
}

/** The smallest gap between the value of a chosen index and of another; Infinity where there is no other. */
function marginOf(values: Float64Array, chosen: readonly number[]): number {
  const others = values.filter((_, id) => !chosen.includes(id));
  if (others.length === 0) return Number.POSITIVE_INFINITY;
  return gap(Math.min(...chosen.map((id) => at(values, id))), Math.max(...others));
}

/** a − b, but 0 between equal infinities. */
const gap = (a: number, b: number): number => (a === b ? 0 : a - b);

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

function exponentialsOf(row: Float64Array): Float64Array {
  const max = Math.max(...row);
  return row.map((logit) => Math.exp(logit - max));
}

function softmaxOf(row: Float64Array): Float64Array {
  const exponentials = exponentialsOf(row);
  const sum = sumOf(exponentials);
  return exponentials.map((one) => one / sum);
}

/**
 * Expert choice (Zhou et al. 2022, section 3.2): every expert takes the `capacity` tokens to which it has the highest
 * softmax score, the lower token first on ties. logits `[t, e]` → experts `[t, e]`, weights `[t, e]`, margins:
 * experts[t, i] is i and its weight the score where expert i took token t, otherwise e ("no expert") and 0.
 *
 * Margins: the smallest gap, over the experts, between the token's score and the nearest score of a token that the
 * expert treated differently; Infinity where there is none. A token with a NaN among its logits comes last, its weights
 * NaN where it is taken.
 */
export function expertChoice(tensors: { logits: Dense }, options: { capacity: number }): Routing {
  const { logits } = given("expertChoice", tensors, { logits: tensor });
  const { t, e } = axes("expertChoice", { logits }, { logits: "t e" });
  const { capacity } = given("expertChoice", options, { capacity: required(integer(0, t)) });
  const experts = dense([t, e], new Float64Array(t * e).fill(e));
  const weights = dense([t, e]);
  const margins = new Float64Array(t).fill(Number.POSITIVE_INFINITY);
  const scores = Array.from({ length: t }, (_, token) => softmaxOf(logits.values.subarray(token * e, (token + 1) * e)));
  for (let id = 0; id < e; id++) {
    const column = Float64Array.from(scores, (row) => at(row, id));
    const keys = column.map(orLeast);
    const order = largest(keys, t);
    for (const [rank, token] of order.entries()) {
      const isTaken = rank < capacity;
      if (isTaken) {
        experts.values[token * e + id] = id;
        weights.values[token * e + id] = at(column, token);
      }
      const rival = order[isTaken ? capacity : capacity - 1];
      if (rival === undefined) continue;
      const [above, below] = isTaken ? [token, rival] : [rival, token];
      margins[token] = Math.min(at(margins, token), gap(at(keys, above), at(keys, below)));
    }
  }
  return { experts, weights, margins };
}

/**
 * Drops choices beyond the experts' capacity (Fedus et al. 2021, section 2.2): in slot order (token by token, choice by
 * choice), the choices of an expert after its first `capacity` become `count`, which is "no expert". experts `[t, k]` →
 * experts `[t, k]`. Ids of `count` and above are "no expert" before and after. Throws a RangeError for an id
 * that is not a non-negative integer.
 */
export function limitCapacity(
  tensors: { experts: Dense },
  options: { count: number; capacity: number },
): { experts: Dense } {
  const { experts } = given("limitCapacity", tensors, { experts: tensor });
  const { count, capacity } = given("limitCapacity", options, { count: required(size), capacity: required(size) });
  const taken = new Float64Array(count);
  const limited = expertsOfSlots("limitCapacity", experts).map((id) => {
    if (id >= count || at(taken, id) === capacity) return count;
    taken[id] = at(taken, id) + 1;
    return id;
  });
  return { experts: dense(experts.shape, limited) };
}

/** The ids of experts `[t, k]` in slot order. Throws a RangeError for one that is not a non-negative integer. */
export function expertsOfSlots(operation: string, experts: Dense): number[] {
  argument("expertsOfSlots", "operation", operation, text);
  argument(operation, "experts", experts, tensor);
  axes(operation, { experts }, { experts: "t k" });
  for (const [slot, id] of experts.values.entries()) {
    if (!(Number.isInteger(id) && id >= 0)) {
      throw new RangeError(`${operation}: the expert of slot ${slot} is ${id}, expected a non-negative integer`);
    }
  }
  return Array.from(experts.values);
}

/**
 * The load-balancing loss: `e · Σ f_e · P_e`, f the share of the choices that an expert got, P its mean score (Fedus et
 * al. 2021, section 2.2, with α = 1). 1 where all experts are used equally.
 */
export function loadBalance(tensors: { experts: Dense; scores: Dense }): number {
  const { experts, scores } = given("loadBalance", tensors, { experts: tensor, scores: tensor });
  const { t, e } = axes("loadBalance", { experts, scores }, { experts: "t k", scores: "t e" });
  let sum = 0;
  for (let expert = 0; expert < e; expert++) {
    const chosen = experts.values.filter((id) => id === expert).length / experts.values.length;
    let mean = 0;
    for (let token = 0; token < t; token++) mean += at(scores.values, token * e + expert) / t;
    sum += chosen * mean;
  }
  return e * sum;
}

/** How scores follow from logits; default softmax. */
interface Scores {
  scores?: "softmax" | "sigmoid";
}

const scoresCheck: Checks<Scores> = { scores: oneOf("softmax", "sigmoid") };

const total = (list: Iterable<number>): number => [...list].reduce((sum, value) => sum + value, 0);

/** Shares of all scores, their softmax, and the logarithm of the sum of the exponentials. */
function sharesOf(row: Float64Array, { scores = "softmax" }: Scores) {
  const most = Math.max(...row);
  const exponentials = row.map((logit) => Math.exp(logit - most));
  const own = scores === "softmax" ? exponentials : row.map(sigmoid);
  const [whole, sum] = [total(own), total(exponentials)];
  return {
    shares: own.map((score) => score / whole),
    softmax: exponentials.map((one) => one / sum),
    lse: most + Math.log(sum),
  };
}

/**
 * Statistics of a router, sums over all tokens: of each expert's share of all scores, of the choices of each expert,
 * and of `lse(logits)²`. logits `[t, e]`, experts `[t, k]` → sums `[2e + 1]`. The load-balancing loss of Switch
 * Transformers (Fedus et al. 2021, eq. 4) is `e · Σ (choices / (t · k)) · (shares / t)`, the z-loss (Zoph et al. 2022,
 * eq. 5) the last sum over t.
 */
export function routerStatistics(tensors: { logits: Dense; experts: Dense }, options: Scores = {}): { sums: Dense } {
  const { logits, experts } = given("routerStatistics", tensors, { logits: tensor, experts: tensor });
  const { t, e } = axes("routerStatistics", { logits, experts }, { logits: "t e", experts: "t k" });
  const rule = given("routerStatistics", options, scoresCheck);
  const sums = dense([2 * e + 1]);
  const add = (i: number, value: number) => {
    sums.values[i] = at(sums.values, i) + value;
  };
  for (let token = 0; token < t; token++) {
    const { shares, lse } = sharesOf(logits.values.subarray(token * e, (token + 1) * e), rule);
    for (const [id, share] of shares.entries()) add(id, share);
    add(2 * e, lse * lse);
  }
  for (const id of experts.values) if (id < e) add(e + id, 1);
  return { sums };
}

/**
 * Gradient of {@link routerStatistics}, the choices being constant: logits `[t, e]`, dsums `[2e + 1]` → dlogits `[t,
 * e]`: `s′ / S · (dshare − Σ share · dshare) + 2 · lse · softmax · dsquare`, with s the scores and S their sum.
 */
export function routerStatisticsBackward(
  tensors: { logits: Dense; dsums: Dense },
  options: Scores = {},
): { dlogits: Dense } {
  const { logits, dsums } = given("routerStatisticsBackward", tensors, { logits: tensor, dsums: tensor });
  const { t, e } = axes("routerStatisticsBackward", { logits, dsums }, { logits: "t e", dsums: "columns" });
  const rule = given("routerStatisticsBackward", options, scoresCheck);
  const dlogits = dense([t, e]);
  for (let token = 0; token < t; token++) {
    const row = logits.values.subarray(token * e, (token + 1) * e);
    const { shares, softmax, lse } = sharesOf(row, rule);
    const mean = total(shares.map((share, id) => share * at(dsums.values, id)));
    for (const [id, share] of shares.entries()) {
      const slope = rule.scores === "sigmoid" ? sigmoid(-at(row, id)) : 1;
      const ofShares = slope * share * (at(dsums.values, id) - mean);
      dlogits.values[token * e + id] = ofShares + 2 * lse * at(softmax, id) * at(dsums.values, 2 * e);
    }
  }
  return { dlogits };
}

/**
 * The bias by which experts are chosen after a step of balancing (Wang et al. 2024): up by `rate` for experts with
 * fewer choices than the mean, down for those with more. sums `[2e + 1]` as {@link routerStatistics} returns them, bias
 * `[e]` → bias `[e]`.
 */
export function balanceBias(tensors: { sums: Dense; bias: Dense }, options: { rate: number }): { bias: Dense } {
  const { sums, bias } = given("balanceBias", tensors, { sums: tensor, bias: tensor });
  const { e } = axes("balanceBias", { sums, bias }, { sums: "columns", bias: "e" });
  const { rate } = given("balanceBias", options, { rate: required(finite) });
  const counts = sums.values.subarray(e, 2 * e);
  const all = total(counts);
  return {
    bias: dense(
      [e],
      bias.values.map((value, id) => value + rate * Math.sign(all - e * at(counts, id))),
    ),
  };
}
