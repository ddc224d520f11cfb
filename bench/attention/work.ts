import { type Mask, pairs } from "../../src/reference/masks.ts";
import type { BenchRow } from "../result.ts";
import type { BatchGroup } from "./batch.ts";
import type { Heads } from "./heads.ts";
import type { AttentionCase } from "./plan.ts";

/** Bytes of an element. */
const width = 4;

type Work = Pick<BenchRow, "livePairs" | "flops" | "flopsFlashAttention" | "bytes" | "kvBytesPerToken">;

/** What a case takes whatever the variant: exact pairs, operations, and the bytes that have to move. */
export function attentionWork({ batch, heads, mask, layers }: AttentionCase): Work & { flops: number; bytes: number } {
  const { h, g, d, dv } = heads;
  let [livePairs, bytes, convention] = [0, 0, 0];
  for (const { count: b, t, s } of batch.groups) {
    const reference = mask.reference({ b, t, s });
    livePairs += h * pairs(reference, { b, t, s }); // masks are alike in all heads
    bytes += width * b * t * h * (d + dv);
    for (let batch = 0; batch < b; batch++) bytes += width * seenKeys(reference, t, s, batch) * g * (d + dv);
    // FlashAttention's benchmarks (bench_utils.flops) leave a causal mask's window out, and half of the diagonal.
    convention += 2 * b * h * t * (mask.convention === "full" ? s : (Math.max(0, s - t) + s) / 2) * (d + dv);
  }
  return {
    livePairs,
    flops: 2 * livePairs * (d + dv),
    flopsFlashAttention: mask.convention === null ? null : convention,
    bytes,
    kvBytesPerToken: layers * g * (d + dv) * width,
  };
}

/** Keys that some query of a batch row sees. */
function seenKeys(mask: Mask, t: number, s: number, batch: number): number {
  if (mask.keyRange) return liveKeys(mask, t, s, 0, t - 1);
  let seen = 0;
  for (let key = 0; key < s; key++) {
    let query = t - 1; // the last sees the most, where there is an order
    while (query >= 0 && !mask(batch, 0, s - t + query, key)) query--;
    if (query >= 0) seen++;
  }
  return seen;
}

/**
 * Keys from the first to the last that queries `first` to `last` of t see, the last of which stands at the last of s
 * keys. Only for masks that show each query a run of keys.
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

/** What a dispatch is about. */
export interface GroupWork {
  readonly group: BatchGroup;
  readonly heads: Heads;
  readonly mask: Mask;
}
