import { callback, listOf, oneOf, positive, required } from "../../options/checks.ts";
import { argument, given, tensorOf } from "../arguments.ts";
import { type Dense, element, lengthOf } from "../dense.ts";
import { ofRow, type Start } from "./masks.ts";

/** A visible pair's score from its scaled dot product, at absolute positions. */
export type Score = (score: number, batch: number, head: number, query: number, key: number) => number;

/** The definitions of all scores, by name. To add one, see docs/guides/add-a-score.md. */
export const scores = {
  none: () => (score: number) => score,

  /** `cap · tanh(score / cap)` (Gemma 2, section 2). */
  softcap(parameters: { readonly cap: number }): Score {
    const { cap } = given("softcap", parameters, { cap: required(positive) });
    return (score) => cap * Math.tanh(score / cap);
  },

  /**
   * A penalty that grows with distance, by a slope of each head (Press et al. 2021): `−slope · |q − k|`, or by
   * convention "difference" `slope · (k − q)`.
   */
  alibi(parameters: { readonly slopes: Dense; readonly convention?: "distance" | "difference" }): Score {
    const conventions = oneOf("distance", "difference");
    const { slopes, convention } = given("alibi", parameters, { slopes: tensorOf("h"), convention: conventions });
    return (score, _b, head, query, key) => {
      const slope = element(slopes, [head]);
      return convention === "difference" ? score + slope * (key - query) : score - slope * Math.abs(query - key);
    };
  },

  /** `table[h, |q − k|]`, the last entry for all distances beyond. */
  "relative-bias"(parameters: { readonly table: Dense }): Score {
    const { table } = given("relative-bias", parameters, { table: tensorOf("h distances") });
    const last = lengthOf(table.shape, 1) - 1;
    return (score, _b, head, query, key) => score + element(table, [head, Math.min(Math.abs(query - key), last)]);
  },

  /** `table[h, k − q + reach]` for a table `[h, 2·reach + 1]`, the first and last entries for all keys beyond. */
  "signed-relative-bias"(parameters: { readonly table: Dense }): Score {
    const { table } = given("signed-relative-bias", parameters, { table: tensorOf("h offsets") });
    const reach = (lengthOf(table.shape, 1) - 1) / 2;
    return (score, _b, head, query, key) =>
      score + element(table, [head, Math.max(-reach, Math.min(reach, key - query)) + reach]);
  },

  /** `bias` `[b or 1, h or 1, t, s]`; row 0 is the query at position `start` of its batch row. */
  bias(parameters: { readonly bias: Dense }, start: Start): Score {
    const { bias } = given("bias", parameters, { bias: tensorOf("b h t s") });
    return (score, batch, head, query, key) => score + element(bias, [batch, head, query - ofRow(start, batch), key]);
  },

  /** A bias of each head. */
  "head-bias"(parameters: { readonly bias: Dense }): Score {
    const { bias } = given("head-bias", parameters, { bias: tensorOf("h") });
    return (score, _b, head) => score + element(bias, [head]);
  },
} satisfies Readonly<Record<string, (parameters: never, start: Start) => Score>>;

/** Several one after the other, the first on the scaled dot product. */
export function chain(all: readonly Score[]): Score {
  argument("chain", "all", all, listOf(callback));
  return (first, batch, head, query, key) => all.reduce((score, next) => next(score, batch, head, query, key), first);
}
