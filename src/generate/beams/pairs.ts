import type { Gpu } from "../../gpu/gpu.ts";
import { beamTotals, mergeBeams, topTokens } from "../../kernels/sampling/beams.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The logits of all rows, and what `BeamStep` has of them. */
export interface PairTensors {
  /** `[rows, v]` */
  readonly logits: Tensor;
  /** `[rows]` */
  readonly scores: Tensor;
  /** u32 `[rows]` */
  readonly ranks: Tensor;
  /** u32 `[rows, words]` (see `restrict`), where tokens may be banned. */
  readonly allowed?: Tensor | undefined;
}

/** How pairs are made. */
export interface PairOptions {
  /** Rows of a source. */
  readonly beams: number;
  /** Pairs of a source (see `pairsOf`). */
  readonly pairs: number;
  /** `restrict`, or what does the same; loaded by what calls this, since most pages have it already. */
  readonly restrict: (logits: Tensor, allowed: Tensor) => Tensor;
  /** True where the tokens that are not banned share the probability of those that are (`renormalize_logits`). */
  readonly renormalise?: boolean;
}

/** Pairs of a source: as many as `candidatesOf` says, or all that there are. */
export const pairsOf = (candidates: number, beams: number, vocabulary: number): number =>
  Math.min(candidates, beams * vocabulary);

/**
 * Records what a step reads back: of each source the best pairs of a text and its next token, u32 `ids [sources, pairs]` and
 * `totals` (see `BeamPairs`). Banned tokens are left out after the softmax, so those that are left are no likelier than before,
 * as in transformers 5.0, unless `renormalise`.
 */
export function beamPairs(
  gpu: Gpu,
  { logits: raw, scores, ranks, allowed }: PairTensors,
  { beams, pairs, restrict, renormalise = false }: PairOptions,
): { readonly ids: Tensor; readonly totals: Tensor } {
  const v = raw.shape[1] ?? 0;
  const logits = allowed && renormalise ? restrict(raw, allowed) : raw;
  const { totals } = beamTotals(gpu, { logits, scores });
  const possible = allowed && !renormalise ? restrict(totals, allowed) : totals;
  const { ids: tokens, values } = topTokens(gpu, { logits: possible }, { n: Math.min(pairs, v) });
  return mergeBeams(gpu, { tokens, values, ranks }, { beams, n: pairs, v });
}
