import { type Dense, element, lengthOf } from "./dense.ts";
import { ofRow, type Start } from "./masks.ts";

/** A visible pair's score from its scaled dot product, at absolute positions. */
export type Score = (score: number, batch: number, head: number, query: number, key: number) => number;

/** The definitions of all scores, by name. To add one, see docs/add-a-score.md. */
export const scores = {
  none: () => (score: number) => score,

  /** `cap · tanh(score / cap)` (Gemma 2, section 2). */
  softcap:
    ({ cap }: { readonly cap: number }): Score =>
    (score) =>
      cap * Math.tanh(score / cap),

  /**
   * A penalty that grows with distance, by a slope of each head (Press et al. 2021): `−slope · |q − k|`, or by convention
   * "difference" `slope · (k − q)`.
   */
  alibi:
    ({
      slopes,
      convention = "distance",
    }: {
      readonly slopes: Dense;
      readonly convention?: "distance" | "difference";
    }): Score =>
    (score, _b, head, query, key) => {
      const slope = element(slopes, [head]);
      return convention === "distance" ? score - slope * Math.abs(query - key) : score + slope * (key - query);
    },

  /** `table[h, |q − k|]`, the last entry for all distances beyond. */
  "relative-bias":
    ({ table }: { readonly table: Dense }): Score =>
    (score, _b, head, query, key) =>
      score + element(table, [head, Math.min(Math.abs(query - key), lengthOf(table.shape, 1) - 1)]),

  /** `bias` `[b or 1, h or 1, t, s]`; row 0 is the query at position `start` of its batch row. */
  bias:
    ({ bias }: { readonly bias: Dense }, start: Start): Score =>
    (score, batch, head, query, key) =>
      score + element(bias, [batch, head, query - ofRow(start, batch), key]),

  /** A bias of each head. */
  "head-bias":
    ({ bias }: { readonly bias: Dense }): Score =>
    (score, _b, head) =>
      score + element(bias, [head]),
} satisfies Readonly<Record<string, (parameters: never, start: Start) => Score>>;

/** Several one after the other, the first on the scaled dot product. */
export const chain =
  (all: readonly Score[]): Score =>
  (first, batch, head, query, key) =>
    all.reduce((score, next) => next(score, batch, head, query, key), first);
