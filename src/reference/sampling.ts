import { between, type Checks, finite, integer, positive, required, size } from "../options/checks.ts";
import { given, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

export { threefry2x32, uniform01 } from "./dropout.ts";

/** Penalties for tokens seen before; neutral by default (1, 0, 0). */
export interface PenaltyOptions {
  /** Divides positive and multiplies negative logits of tokens in the prompt or the output. */
  repetition?: number;
  /** Subtracted from the logits of tokens generated at least once. */
  presence?: number;
  /** Subtracted from the logits once for every time that the token was generated. */
  frequency?: number;
}

/**
 * Logits under penalties: repetition first (Keskar et al. 2019, section 4.1), then presence and frequency, which count
 * generated tokens only (the OpenAI API's definition). logits `[b, v]`, counts `[b, v]` (u32: bit 31 is set if the
 * prompt contains the token, the rest counts how often it was generated) → y `[b, v]`.
 */
export function penalise(tensors: { logits: Dense; counts: Dense }, options: PenaltyOptions): { y: Dense } {
  const { logits, counts } = given("penalise", tensors, { logits: tensor, counts: tensor });
  const checks = { repetition: positive, presence: finite, frequency: finite };
  const { repetition = 1, presence = 0, frequency = 0 } = given("penalise", options, checks);
  axes("penalise", { logits, counts }, { logits: "b v", counts: "b v" });
  const y = dense(logits.shape);
  for (let i = 0; i < y.values.length; i++) {
    const count = at(counts.values, i);
    const generated = count % 2 ** 31;
    let logit = at(logits.values, i);
    if (count > 0) logit = logit > 0 ? logit / repetition : logit * repetition;
    if (generated > 0) logit -= presence + frequency * generated;
    y.values[i] = logit;
  }
  return { y };
}

/**
 * Logits of the tokens that may come next, −∞ for others. logits `[b, v]`, allowed `[b, ⌈v / 32⌉]` (u32: bit `i % 32`
 * of word `i / 32` is set where token i may) → y `[b, v]`.
 */
export function restrict(tensors: { logits: Dense; allowed: Dense }): { y: Dense } {
  const { logits, allowed } = given("restrict", tensors, { logits: tensor, allowed: tensor });
  const { v, words } = axes("restrict", { logits, allowed }, { logits: "b v", allowed: "b words" });
  const y = dense(logits.shape);
  for (let i = 0; i < y.values.length; i++) {
    const [row, token] = [Math.floor(i / v), i % v];
    const word = at(allowed.values, row * words + Math.floor(token / 32));
    const may = Math.floor(word / 2 ** (token % 32)) % 2 === 1;
    y.values[i] = may ? at(logits.values, i) : Number.NEGATIVE_INFINITY;
  }
  return { y };
}

/**
 * Index of each row's largest logit, the lowest index on ties. logits `[b, v]` → ids `[b]`. NaN is never the largest; a
 * row without a number above −∞ gives 0.
 */
export function argmax(tensors: { logits: Dense }): { ids: Dense } {
  const { logits } = given("argmax", tensors, { logits: tensor });
  const { b, v } = axes("argmax", { logits }, { logits: "b v" });
  const ids = dense([b]);
  for (let row = 0; row < b; row++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let id = 0; id < v; id++) {
      if (at(logits.values, row * v + id) > largest) {
        largest = at(logits.values, row * v + id);
        ids.values[row] = id;
      }
    }
  }
  return { ids };
}

/** Which tokens may be drawn; the default filters keep all. */
export interface FilterOptions {
  /** Divides the logits; above 0 (0, "always the most likely", is argmax). Default 1. */
  temperature?: number;
  /** Number of most likely tokens to keep; 0 keeps all. */
  topK?: number;
  /** Probability that the most likely of those must sum to, 0 to 1. */
  topP?: number;
  /** Minimum probability to keep, relative to the largest, 0 to 1. */
  minP?: number;
}

/** Checks of filters. */
const filterChecks: Checks<FilterOptions> = {
  temperature: positive,
  topK: size,
  topP: between(0, 1),
  minP: between(0, 1),
};

/**
 * Which tokens may be drawn, as 1 and 0. logits `[b, v]` → kept `[b, v]`.
 *
 * In this order: temperature; top-k, keeping all that tie with the k-th; top-p over the rest, renormalised (Holtzman et
 * al. 2019, section 3.1): the largest threshold whose tokens at or above it reach p, ties kept; min-p (Nguyen et al.
 * 2024). Each is a threshold at or below the largest logit, so one token is always kept.
 */
export function filter(tensors: { logits: Dense }, options: FilterOptions): { kept: Dense } {
  const { logits } = given("filter", tensors, { logits: tensor });
  given("filter", options, filterChecks);
  const { b, v } = axes("filter", { logits }, { logits: "b v" });
  const kept = dense([b, v]);
  for (let row = 0; row < b; row++) {
    const rowLogits = logits.values.subarray(row * v, (row + 1) * v);
    const threshold = thresholdOf(rowLogits, options);
    for (let id = 0; id < v; id++) kept.values[row * v + id] = at(rowLogits, id) >= threshold ? 1 : 0;
  }
  return { kept };
}

function thresholdOf(logits: Float64Array, { topK = 0, topP = 1, minP = 0, temperature = 1 }: FilterOptions): number {
  const descending = logits.toSorted().reverse();
  const probabilities = relativeProbabilities(descending, temperature);
  let threshold = Number.NEGATIVE_INFINITY;
  let count = descending.length;
  if (topK > 0 && topK < count) {
    threshold = at(descending, topK - 1);
    count = descending.findLastIndex((logit) => logit >= threshold) + 1;
  }
  if (topP < 1) {
    const total = probabilities.subarray(0, count).reduce((sum, p) => sum + p, 0);
    let mass = 0;
    for (let i = 0; i < count && (i === 0 || mass < topP * total); i++) {
      mass += at(probabilities, i);
      threshold = at(descending, i);
    }
  }
  const last = probabilities.findLastIndex((p) => p >= minP);
  return Math.max(threshold, at(descending, last));
}

/** Probabilities relative to the largest, `exp((logit − max) / temperature)`. Throws where that is not defined. */
function relativeProbabilities(logits: Float64Array, temperature: number): Float64Array {
  const max = logits.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(max)) throw new RangeError(`sampling: the largest logit is ${max}, expected a finite number`);
  return logits.map((logit) => Math.exp((logit - max) / temperature));
}

/**
 * Draws one token per row by its random word. logits `[b, v]`, words `[b]` (u32) → ids `[b]`.
 *
 * In integers, so that the order of summation does not matter: token i has the weight `floor(p_i / S · 2³¹)`, S summed
 * over all tokens before the filters; the token drawn is the first, in order of index, at which the running sum of kept
 * weights exceeds `floor(word · total / 2³²)`.
 */
export function sample(tensors: { logits: Dense; words: Dense }, options: FilterOptions): { ids: Dense } {
  const { logits, words } = given("sample", tensors, { logits: tensor, words: tensor });
  given("sample", options, filterChecks);
  const { b, v } = axes("sample", { logits, words }, { logits: "b v", words: "b" });
  const { kept } = filter({ logits }, options);
  const ids = dense([b]);
  for (let row = 0; row < b; row++) {
    const p = relativeProbabilities(logits.values.subarray(row * v, (row + 1) * v), options.temperature ?? 1);
    const sum = p.reduce((all, next) => all + next, 0);
    const weights = p.map((one, id) => (at(kept.values, row * v + id) ? Math.floor((one / sum) * 2 ** 31) : 0));
    const total = weights.reduce((all, next) => all + next, 0);
    const word = at(words.values, row);
    if (word !== word >>> 0) throw new RangeError(`sample: words[${row}] is ${word}, expected an integer of 32 bits`);
    const target = Number((BigInt(word) * BigInt(total)) >> 32n); // the product has up to 63 bits
    let running = 0;
    ids.values[row] = weights.findIndex((weight) => {
      running += weight;
      return running > target;
    });
  }
  return { ids };
}

/**
 * The n most likely tokens of each row and the natural logarithms of their probabilities, highest first, the lower
 * index first on ties. logits `[b, v]` → ids `[b, n]`, logprobs `[b, n]`.
 */
export function topLogprobs(tensors: { logits: Dense }, options: { n: number }): { ids: Dense; logprobs: Dense } {
  const { logits } = given("topLogprobs", tensors, { logits: tensor });
  const { b, v } = axes("topLogprobs", { logits }, { logits: "b v" });
  const { n } = given("topLogprobs", options, { n: required(integer(0, v)) });
  const ids = dense([b, n]);
  const logprobs = dense([b, n]);
  for (let row = 0; row < b; row++) {
    const rowLogits = logits.values.subarray(row * v, (row + 1) * v);
    const max = rowLogits.reduce((largest, logit) => Math.max(largest, logit), Number.NEGATIVE_INFINITY);
    const logSum = max + Math.log(rowLogits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
    const order = Array.from(rowLogits, (logit, id) => ({ logit, id })).sort(
      (p, q) => q.logit - p.logit || p.id - q.id,
    );
    for (const [rank, { logit, id }] of order.slice(0, n).entries()) {
      ids.values[row * n + rank] = id;
      logprobs.values[row * n + rank] = logit - logSum;
    }
  }
  return { ids, logprobs };
}

/**
 * The integers that `sample` draws tokens by: `floor(p_i / S · 2³¹)` of tokens that the filters keep, S summed over all
 * tokens, and 0 of others. logits `[b, v]` → weights `[b, v]`.
 */
export function tokenWeights(tensors: { logits: Dense }, options: FilterOptions): { weights: Dense } {
  const { logits } = given("tokenWeights", tensors, { logits: tensor });
  given("tokenWeights", options, filterChecks);
  const { b, v } = axes("tokenWeights", { logits }, { logits: "b v" });
  const { kept } = filter({ logits }, options);
  const weights = dense([b, v]);
  for (let row = 0; row < b; row++) {
    const p = relativeProbabilities(logits.values.subarray(row * v, (row + 1) * v), options.temperature ?? 1);
    const sum = p.reduce((all, next) => all + next, 0);
    for (let id = 0; id < v; id++) {
      if (at(kept.values, row * v + id)) weights.values[row * v + id] = Math.floor((at(p, id) / sum) * 2 ** 31);
    }
  }
  return { weights };
}

/** The draws of each row: its draft or none (v or more), and the three words that decide. */
interface Drafts {
  readonly weights: Dense;
  readonly draftWeights: Dense;
  readonly drafts: Dense;
  readonly words: Dense;
}

/**
 * Tokens that follow p, given drafts that were drawn from q (Leviathan, Kalman and Matias 2022, algorithm 1; Chen et
 * al. 2023): a draft is kept where u < p / q, and else replaced by a draw from max(0, p − q). weights and draftWeights
 * `[b, v]`, integers of 31 bits that are p and q over their sums; drafts `[b]`, v or more in a row without one, which
 * draws from p; words `[b, 3]` (u32), by which a row without a draft draws, a draft is kept, and a replacement is drawn
 * → chosen `[b]`.
 *
 * In integers: the draft is kept where `floor(word · q · Σp / 2³²) < p · Σq`, and of what is left, `p · Σq − q · Σp`,
 * the lowest bits are dropped until the sum has 31. Draws are those of `sample`.
 */
export function acceptDrafts(tensors: Drafts): { chosen: Dense } {
  const checks = { weights: tensor, draftWeights: tensor, drafts: tensor, words: tensor };
  const { weights, draftWeights, drafts, words } = given("acceptDrafts", tensors, checks);
  const { b, v } = axes(
    "acceptDrafts",
    { weights, draftWeights, drafts, words },
    { weights: "b v", draftWeights: "b v", drafts: "b", words: "b three" },
  );
  const chosen = dense([b]);
  for (let row = 0; row < b; row++) {
    const p = integers(weights, row, v);
    const q = integers(draftWeights, row, v);
    const word = (index: number) => BigInt(at(words.values, row * 3 + index));
    const draft = at(drafts.values, row);
    const [ofModel, ofDraft] = [total(p), total(q)];
    if (draft >= v) chosen.values[row] = drawn(p, word(0));
    else if ((word(1) * (q[draft] ?? 0n) * ofModel) >> 32n < (p[draft] ?? 0n) * ofDraft) chosen.values[row] = draft;
    else {
      const left = p.map((one, id) => one * ofDraft - (q[id] ?? 0n) * ofModel).map((one) => (one > 0n ? one : 0n));
      const cut = BigInt(Math.max(0, total(left).toString(2).length - 31));
      const seen = left.map((one) => one >> cut);
      chosen.values[row] = drawn(seen, word(2));
    }
  }
  return { chosen };
}

const integers = ({ values }: Dense, row: number, v: number): bigint[] =>
  Array.from(values.subarray(row * v, (row + 1) * v), BigInt);

const total = (weights: readonly bigint[]): bigint => weights.reduce((sum, weight) => sum + weight, 0n);

/** The first index at which the running sum exceeds `floor(word · total / 2³²)`. */
function drawn(weights: readonly bigint[], word: bigint): number {
  const goal = (word * total(weights)) >> 32n;
  let running = 0n;
  return weights.findIndex((weight) => {
    running += weight;
    return running > goal;
  });
}
