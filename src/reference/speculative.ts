import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";
import { type FilterOptions, filter, filterChecks, relativeProbabilities } from "./sampling.ts";

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

/** What is drawn of a row: the draft of each row or none (v or more), and the three words that decide. */
interface Drafts {
  readonly weights: Dense;
  readonly draftWeights: Dense;
  readonly drafts: Dense;
  readonly words: Dense;
}

/**
 * Tokens that follow p, given drafts that were drawn from q (Leviathan, Kalman and Matias 2022, algorithm 1; Chen et al.
 * 2023): a draft is kept where u < p / q, and else replaced by a draw from max(0, p − q). weights and draftWeights `[b, v]`,
 * integers of 31 bits that are p and q over their sums; drafts `[b]`, v or more in a row without one, which draws from p;
 * words `[b, 3]` (u32), by which a row without a draft draws, a draft is kept, and a replacement is drawn → chosen `[b]`.
 *
 * In integers: the draft is kept where `floor(word · q · Σp / 2³²) < p · Σq`, and of what is left, `p · Σq − q · Σp`, the
 * lowest bits are cut off until the sum has 31. Draws are those of `sample`.
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
