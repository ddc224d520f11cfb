// Definitions of the steps of beam search on the GPU.
import { integer, required } from "../options/checks.ts";
import { given, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

const minus = Number.NEGATIVE_INFINITY;

/**
 * A row's score plus the natural logarithm of each token's probability; −∞ in rows whose score is −∞, NaN in others
 * with NaN or +∞ among their logits. logits `[b, v]`, scores `[b]` → totals `[b, v]`.
 */
export function beamTotals(tensors: { logits: Dense; scores: Dense }): { totals: Dense } {
  const { logits, scores } = given("beamTotals", tensors, { logits: tensor, scores: tensor });
  const { b, v } = axes("beamTotals", { logits, scores }, { logits: "b v", scores: "b" });
  const totals = dense([b, v]);
  for (let row = 0; row < b; row++) {
    const score = at(scores.values, row);
    const own = logits.values.subarray(row * v, (row + 1) * v);
    const exists = own.every((logit) => logit < Number.POSITIVE_INFINITY) && own.some((logit) => logit > minus);
    const largest = own.reduce((most, logit) => Math.max(most, logit), minus);
    const log = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    const total = (logit: number) => (exists ? score + (logit - largest - log) : Number.NaN);
    for (let i = 0; i < v; i++) totals.values[row * v + i] = score === minus ? minus : total(at(own, i));
  }
  return { totals };
}

/**
 * The n largest of each row, largest first, the lower index first on ties; NaN counts as −∞. logits `[b, v]` → ids and
 * values `[b, n]`.
 */
export function topTokens(tensors: { logits: Dense }, options: { n: number }): { ids: Dense; values: Dense } {
  const { logits } = given("topTokens", tensors, { logits: tensor });
  const { b, v } = axes("topTokens", { logits }, { logits: "b v" });
  const { n } = given("topTokens", options, { n: required(integer(1, v)) });
  const [ids, values] = [dense([b, n]), dense([b, n])];
  const key = (value: number) => (Number.isNaN(value) ? minus : value);
  for (let row = 0; row < b; row++) {
    const own = logits.values.subarray(row * v, (row + 1) * v);
    const order = Array.from(own, (value, id) => ({ value, id })).sort((p, q) =>
      key(p.value) === key(q.value) ? p.id - q.id : key(q.value) - key(p.value),
    );
    for (const [place, { value, id }] of order.slice(0, n).entries()) {
      ids.values[row * n + place] = id;
      values.values[row * n + place] = value;
    }
  }
  return { ids, values };
}

/**
 * The n best of the k tokens of each of a source's `beams` rows: by value, then by token, then by the row's rank; NaN
 * first. tokens and values `[b, k]`, ranks `[b]` → ids `[sources, n]`, rank · v + token, and totals `[sources, n]`.
 */
export function mergeBeams(
  tensors: { tokens: Dense; values: Dense; ranks: Dense },
  options: { beams: number; n: number; v: number },
): { ids: Dense; totals: Dense } {
  const { tokens, values, ranks } = given("mergeBeams", tensors, { tokens: tensor, values: tensor, ranks: tensor });
  const { b, k } = axes("mergeBeams", { tokens, values, ranks }, { tokens: "b k", values: "b k", ranks: "b" });
  const { beams, n, v } = given("mergeBeams", options, {
    beams: required(integer(1, b)),
    n: required(integer(1, b * k)),
    v: required(integer(1)),
  });
  const [ids, totals] = [dense([b / beams, n]), dense([b / beams, n])];
  const key = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  for (let source = 0; source < b / beams; source++) {
    const pairs = Array.from({ length: beams * k }, (_, i) => {
      const index = source * beams * k + i;
      const rank = at(ranks.values, Math.floor(index / k));
      return { rank, token: at(tokens.values, index), value: at(values.values, index) };
    });
    pairs.sort((p, q) => {
      if (key(p.value) !== key(q.value)) return key(q.value) - key(p.value);
      return p.token - q.token || p.rank - q.rank;
    });
    for (const [place, { rank, token, value }] of pairs.slice(0, n).entries()) {
      ids.values[source * n + place] = rank * v + token;
      totals.values[source * n + place] = value;
    }
  }
  return { ids, totals };
}

/**
 * Rows of a cache that become copies of others: row b is row parents[b] at the positions before lengths[b], if that row
 * exists. cache `[b, g, s, d]`, parents and lengths `[b]` → cache, a changed copy.
 */
export function copyRows(tensors: { cache: Dense; parents: Dense; lengths: Dense }): { cache: Dense } {
  const { cache, parents, lengths } = given("copyRows", tensors, { cache: tensor, parents: tensor, lengths: tensor });
  const { b, g, s, d } = axes(
    "copyRows",
    { cache, parents, lengths },
    { cache: "b g s d", parents: "b", lengths: "b" },
  );
  const next = dense(cache.shape, cache.values);
  for (let row = 0; row < b; row++) {
    const parent = at(parents.values, row);
    if (parent >= b) continue;
    const size = Math.min(s, at(lengths.values, row)) * d;
    for (let head = 0; head < g; head++) {
      const from = (parent * g + head) * s * d;
      next.values.set(cache.values.subarray(from, from + size), (row * g + head) * s * d);
    }
  }
  return { cache: next };
}
