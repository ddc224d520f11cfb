// The kernels of beam search: the scores of texts with one more token, and the best of them.
import beamTotalsText from "#shaders/sampling/beam-totals.wgsl";
import mergeBeamsText from "#shaders/sampling/merge-beams.wgsl";
import topTokensText from "#shaders/sampling/top-tokens.wgsl";
import { integer, required } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { rowThreads } from "../reduce/lanes.ts";

/** Maximum number of a row's tokens that `topTokens` lists. */
export const maxTopTokens = 64;

/**
 * Scores of texts with each possible next token: a row's score plus the natural logarithm of the token's probability.
 * `logits` and `totals` are `[b, v]`, `scores` `[b]`, −∞ for a row without a text, all of whose totals are −∞. NaN and
 * +∞ among the logits of another row make it NaN.
 */
export const beamTotals = withOptions(
  defineKernel({
    name: "sampling/beam-totals",
    source: beamTotalsText,
    inputs: { logits: "[b, v]", scores: "[b]" },
    outputs: { totals: "[b, v]" },
    params: ({ b, v }) => ({ b, v }),
    specialise: ({ v }) => ({ constants: rowThreads(v) }),
    workgroups: ({ b }) => [b],
    cost: ({ b, v }) => ({ flops: 6 * b * v, requestedBytes: 4 * b * (4 * v + 1) }),
  }),
  {},
);

/**
 * The `n` largest of each row, largest first, the lower id first on ties: `logits` is `[b, v]`, `ids` (u32) and
 * `values` are `[b, n]`. NaN counts as −∞, which may be among them where a row has no more. Throws `ShapeError` unless
 * n is 1 to 64 and at most v.
 */
export const topTokens = withOptions(
  defineKernel({
    name: "sampling/top-tokens",
    source: topTokensText,
    inputs: { logits: "[b, v]" },
    outputs: { ids: "[b, n]", values: "[b, n]" },
    dtypes: () => ({ ids: "u32" }),
    axes: (_, { n }: { readonly n: number }) => ({ n }),
    params: ({ b, v, n }) => ({ b, v, n }),
    specialise: () => ({ constants: { CANDIDATES: maxTopTokens } }),
    workgroups: ({ b }) => [b],
    cost: ({ b, v }) => ({ flops: 0, requestedBytes: 24 * b * v }),
    check: ({ v }, { n }) => {
      const most = Math.min(v, maxTopTokens);
      if (!(Number.isInteger(n) && n >= 1 && n <= most)) {
        throw new ShapeError(`sampling/top-tokens: n is ${n}, expected 1 to ${most} for ${v} tokens`);
      }
    },
  }),
  { n: required(integer(1, maxTopTokens)) },
);

/** The size of a source, and how much of it is kept. */
interface MergeOptions {
  /** Rows of a source; those of all sources follow one another. */
  readonly beams: number;
  /** Pairs that are kept of each source. */
  readonly n: number;
  /** Tokens of the vocabulary. */
  readonly v: number;
}

/**
 * The `n` best continuations of each source's rows: `tokens` (u32) and `values` are `[b, k]`, the best tokens of each
 * row and the scores of its text with them (`topTokens` of `beamTotals`), `ranks` `[b]` u32 the ranks of a source's
 * rows. Sorted by value, then by token, then by rank; NaN first. `ids` `[sources, n]` u32 are `rank · v + token`,
 * `totals` `[sources, n]`. Throws `ShapeError` where the rows are no whole number of sources, or a source has fewer
 * than n.
 */
export const mergeBeams = withOptions(
  defineKernel({
    name: "sampling/merge-beams",
    source: mergeBeamsText,
    inputs: { tokens: "[b, k]", values: "[b, k]", ranks: "[b]" },
    outputs: { ids: "[sources, n]", totals: "[sources, n]" },
    accepts: { tokens: ["u32"], ranks: ["u32"] },
    dtypes: () => ({ ids: "u32" }),
    axes: ({ b }, { beams, n }: MergeOptions) => ({ sources: Math.floor(b / beams), n }),
    params: ({ sources, k, n }, { beams, v }) => ({ sources, beams, k, n, v }),
    workgroups: ({ sources }) => [sources],
    cost: ({ b, k }, { beams }) => ({ flops: 0, requestedBytes: 8 * b * k * beams * k }),
    check: ({ b, k }, { beams, n }) => {
      if (b % beams !== 0)
        throw new ShapeError(`sampling/merge-beams: ${b} rows, expected a multiple of ${beams} beams`);
      if (n > beams * k) throw new ShapeError(`sampling/merge-beams: n is ${n}, expected at most ${beams} · ${k}`);
    },
  }),
  { beams: required(integer(1, 2 ** 16)), n: required(integer(1, 2 ** 16)), v: required(integer(1, 2 ** 31)) },
);
