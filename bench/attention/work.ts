import { type Mask, pairs } from "../../src/reference/attention/masks.ts";
import type { BenchRow } from "../result.ts";
import type { BatchGroup } from "./batch.ts";
import type { AttentionCase } from "./case.ts";
import { rowBytes } from "./inputs/formats.ts";
import type { Heads } from "./inputs/heads.ts";
import { isTogether, keptKeys, laidOut, maskIn } from "./inputs/layouts.ts";

type Work = Pick<BenchRow, "livePairs" | "flops" | "flopsFlashAttention" | "bytes" | "kvBytesPerToken">;

/** Bytes of an element of queries and results. */
const width = 4;

/** The work of a case, independent of the variant: exact pairs, operations, and compulsory bytes. */
export function attentionWork(given: AttentionCase): Work & { flops: number; bytes: number } {
  const { batch, heads, mask, layout } = given;
  const { h, d, dv } = heads;
  let [livePairs, bytes, convention, first] = [0, 0, 0, 0];
  const lost = batch.groups.some(({ s }) => keptKeys(layout, s));
  for (const group of batch.groups) {
    const { count: b, t, s } = group;
    const shape = { b, h, t, s };
    const seen = maskIn(layout, mask.reference(shape), s);
    const pairsOf = (rows: number) =>
      mask.byHead ? pairs(seen, { b: rows, h, t, s }) : h * pairs(seen, { b: rows, t, s });
    livePairs += pairsOf(b);
    bytes += width * b * t * h * (d + dv) + cacheBytes(given, group, seen, first) + mask.bytes(shape);
    const score = given.score.at(shape).bytes;
    // A bias is the same in all sequences: its pairs are counted for one, the one with the most pairs where masks
    // differ.
    bytes += score.once + (score.perPair > 0 ? score.perPair * pairsOf(1) : 0);
    // FlashAttention's benchmarks (bench_utils.flops) ignore a causal mask's window, and half of the diagonal.
    if (isTogether(layout)) first += b;
    convention += 2 * b * h * t * (mask.convention === "full" ? s : (Math.max(0, s - t) + s) / 2) * (d + dv);
  }
  return {
    livePairs,
    flops: 2 * livePairs * (d + dv),
    flopsFlashAttention: mask.convention === null || lost ? null : convention,
    bytes,
    kvBytesPerToken: given.layers * tokenBytes(given),
  };
}

/** Bytes of a token in the cache of one layer. */
function tokenBytes({ heads: { g, d, dv }, dtype, latent }: AttentionCase): number {
  return latent ? width * (latent.rank + latent.rope) : g * (rowBytes(dtype, d) + rowBytes(dtype, dv));
}

/** Bytes of the stored keys and values visible to any query, and of the layout's tensors. */
function cacheBytes(given: AttentionCase, group: BatchGroup, mask: Mask, first: number): number {
  const { layout, latent, heads } = given;
  const { count: b, t, s } = group;
  const { entries } = laidOut(layout, [group]);
  // If heads see different keys, each key head counts those that the query heads of its group see.
  const sharing = given.mask.byHead && !latent ? heads.g : 1;
  let [keys, read] = [0, 0];
  for (let batch = 0; batch < b; batch++) {
    const counted = new Uint8Array(s);
    for (let group = 0; group < sharing; group++) {
      const [first, end] = [(group * heads.h) / sharing, ((group + 1) * heads.h) / sharing];
      const seen = seenKeys(mask, { t, s, batch, heads: given.mask.byHead ? [first, end] : [0, 1] });
      for (let key = 0; key < s; key++) {
        if (seen[key] !== 1 || (batch > 0 && key < (layout.prefix ?? 0))) continue; // already counted
        keys += 1 / sharing;
        counted[key] = 1;
      }
    }
    read += entries?.(first + batch, counted) ?? 0;
  }
  const weight = latent ? width * heads.h * (heads.d - latent.rope + heads.dv) * latent.rank : 0;
  return keys * tokenBytes(given) + 4 * read + weight;
}

/** 1 for each key that some query of a batch row sees, in heads from the first up to but not including the end. */
function seenKeys(
  mask: Mask,
  {
    t,
    s,
    batch,
    heads: [firstHead, endHead],
  }: { readonly t: number; readonly s: number; readonly batch: number; readonly heads: readonly [number, number] },
): Uint8Array {
  const seen = new Uint8Array(s);
  if (mask.keyRange) {
    for (let row = 0; row < t; row++) {
      const [first, end] = mask.keyRange(s - t + row);
      seen.fill(1, Math.max(0, Math.min(first, s)), Math.max(0, Math.min(end, s)));
    }
    return seen;
  }
  for (let key = 0; key < s; key++) {
    for (let head = firstHead; head < endHead && seen[key] === 0; head++) {
      let query = t - 1; // the last sees the most, for ordered masks
      while (query >= 0 && !mask(batch, head, s - t + query, key)) query--;
      if (query >= 0) seen[key] = 1;
    }
  }
  return seen;
}

/**
 * Keys from the first to the last that queries `first` to `last` of t see; the last query is at the last of s keys.
 * Only for masks whose visible keys are one run for each query.
 */
export function liveKeys({ keyRange = () => [0, 0] }: Mask, t: number, s: number, first: number, last: number): number {
  let [begin, end] = [s, 0];
  for (let row = first; row <= last; row++) {
    const [from, to] = keyRange(s - t + row);
    if (Math.min(to, s) <= Math.max(from, 0)) continue;
    begin = Math.min(begin, Math.max(from, 0));
    end = Math.max(end, Math.min(to, s));
  }
  return Math.max(0, end - begin);
}

/** The sizes in a dispatch. */
export interface GroupWork {
  readonly group: BatchGroup;
  readonly heads: Heads;
  readonly mask: Mask;
  /** Bytes of a row of keys, and of one of values. */
  readonly rows: { readonly k: number; readonly v: number };
}
