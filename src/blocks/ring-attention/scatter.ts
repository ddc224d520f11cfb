import type { RingShare, RunResult } from "./device.ts";
import { type HostTensor, putTokens, takeTokens } from "./host.ts";
import type { RingSizes } from "./options.ts";
import type { RingSchedule } from "./schedule.ts";

/** Bytes sent between devices. */
export interface MovedBytes {
  /** Of q, k and v, to the devices at the start. */
  readonly dealt: number;
  /** Of k and v, from device to device round the ring. */
  readonly sent: number;
  /** Of the results, back. */
  readonly collected: number;
}

/** Each device's shards of q, k and v, and their total bytes. */
export function scatter(
  { q, k, v }: RingShare,
  { shards, queries, keys }: RingSchedule,
): { readonly parts: RingShare[]; readonly bytes: number } {
  const parts = Array.from({ length: shards }, (_, device) => ({
    q: takeTokens(q, queries[device] ?? []),
    k: takeTokens(k, keys[device] ?? []),
    v: takeTokens(v, keys[device] ?? []),
  }));
  return { parts, bytes: bytesOf(parts.flatMap((part) => [part.q, part.k, part.v])) };
}

/** The results of all runs of queries as one: out in memory order `[b, t, h, dv]`, lse `[b, h, t]`. */
export function gather(
  results: readonly RunResult[],
  { b, h, t, dv }: RingSizes,
): { readonly out: HostTensor; readonly lse: HostTensor; readonly bytes: number } {
  const out = { shape: [b, t, h, dv], dtype: "f32", elements: new Float32Array(b * t * h * dv) } as const;
  const lse = { shape: [b, h, t], dtype: "f32", elements: new Float32Array(b * h * t) } as const;
  for (const { run, ...part } of results) {
    putTokens(out, part.out, run, b, t);
    putTokens(lse, part.lse, run, b * h, t);
  }
  return { out, lse, bytes: bytesOf(results.flatMap((part) => [part.out, part.lse])) };
}

/** Bytes of tensors' elements. */
export const bytesOf = (tensors: readonly HostTensor[]): number =>
  tensors.reduce((sum, { elements }) => sum + elements.byteLength, 0);
