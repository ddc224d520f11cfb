import type { KvCache } from "../../blocks/kv-cache/cache.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { copyCacheRows } from "../../kernels/kv-cache/copy-rows.ts";
import { beamTotals, mergeBeams, topTokens } from "../../kernels/sampling/beams.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";

/**
 * Records a copy of parents' cache rows (see `BeamStep`), for the positions before the step's, at most `positions` of
 * them. `parents` is u32 `[rows]`, `step` u32 `[64, 4]`.
 */
export function reorderCache(
  gpu: Gpu,
  cache: KvCache,
  { parents, step }: { readonly parents: Tensor; readonly step: Tensor },
  positions: number,
): void {
  for (const { keys, values, kScale, vScale, layout } of cache) {
    for (const part of [keys, values, kScale, vScale]) {
      if (!part) continue;
      const cache = reshape(part, [...part.shape.slice(0, 3), -1]); // scales may be one per position
      copyCacheRows(gpu, { cache, parents, step }, { positions, layout });
    }
  }
}

/** The logits of all rows, and their fields of `BeamStep`. */
interface PairTensors {
  /** `[rows, v]` */
  readonly logits: Tensor;
  /** `[rows]` */
  readonly scores: Tensor;
  /** u32 `[rows]` */
  readonly ranks: Tensor;
  /** u32 `[rows, words]` (see `restrict`), if tokens may be banned. */
  readonly allowed?: Tensor | undefined;
}

/** How pairs are computed. */
interface PairOptions {
  /** Rows per source. */
  readonly beams: number;
  /** Pairs per source (see `pairsOf`). */
  readonly pairs: number;
  /** `restrict`, or an equivalent; loaded by the caller, since most pages already have it. */
  readonly restrict: (logits: Tensor, allowed: Tensor) => Tensor;
  /** True: allowed tokens share the probability of banned ones (`renormalize_logits`). */
  readonly renormalise?: boolean;
}

/** Pairs per source: as many as `candidatesOf` returns, or all that exist. */
export const pairsOf = (candidates: number, beams: number, vocabulary: number): number =>
  Math.min(candidates, beams * vocabulary);

/**
 * Records what a step reads back: for each source the best pairs of a text and its next token, u32
 * `ids [sources, pairs]` and `totals` (see `BeamPairs`). Tokens are banned after the softmax, so the others become no
 * likelier, as in transformers 5.0, unless `renormalise`.
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
