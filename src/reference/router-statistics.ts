import { type Checks, finite, oneOf, required } from "../options/checks.ts";
import { sigmoid } from "./activation.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

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
 * Sums over all tokens of what a router does: of each expert's share of all scores, of the choices of each expert, and of
 * `lse(logits)²`. logits `[t, e]`, experts `[t, k]` → sums `[2e + 1]`. The load-balancing loss of Switch Transformers
 * (Fedus et al. 2021, eq. 4) is `e · Σ (choices / (t · k)) · (shares / t)`, the z-loss (Zoph et al. 2022, eq. 5) the last sum
 * over t.
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
 * Gradient of {@link routerStatistics}, the choices being constant: logits `[t, e]`, dsums `[2e + 1]` → dlogits `[t, e]`:
 * `s′ / S · (dshare − Σ share · dshare) + 2 · lse · softmax · dsquare`, with s the scores and S their sum.
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
 * The bias by which experts are chosen after a step of balancing (Wang et al. 2024): up by `rate` for experts with fewer
 * choices than the mean, down for those with more. sums `[2e + 1]` as {@link routerStatistics} gives them, bias `[e]` →
 * bias `[e]`.
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
