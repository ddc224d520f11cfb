// Calls of attention with every variant, and of what belongs to it.
import { variantsOf } from "../../../src/check/case-table.ts";
import { type AttentionMask, attention } from "../../../src/kernels/attention/attention.ts";
import { forgetBlockMaps } from "../../../src/kernels/attention/block-map.ts";
import { mergeAttention } from "../../../src/kernels/attention/merge.ts";
import { linearAttention } from "../../../src/kernels/linear-attention.ts";
import { transpose } from "../../../src/tensor/views.ts";
import { type CountedCall, type Inputs, named } from "./call.ts";

interface Problem {
  readonly h: number;
  readonly g: number;
  readonly t: number;
  readonly s: number;
  readonly mask: AttentionMask;
  readonly lse?: boolean;
}

const problems: Readonly<Record<string, Problem>> = {
  causal: { h: 2, g: 1, t: 5, s: 9, mask: "causal" },
  "sliding window": { h: 2, g: 2, t: 3, s: 11, mask: { kind: "sliding-window", keys: 4 }, lse: true },
  full: { h: 1, g: 1, t: 4, s: 6, mask: "full" },
};

export function attentionCalls({ gpu, random }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, () => unknown> = {};
  for (const [turn, variant] of variantsOf(attention).entries()) {
    const d = variant === "subgroups" || variant === "splitSubgroups" ? 16 : 8; // a vector for each thread
    for (const [i, [name, { h, g, t, s, mask, lse = false }]] of Object.entries(problems).entries()) {
      if (i !== turn % 3) continue; // one of three, by turns
      found[`attention ${variant}, ${name}`] = () => {
        forgetBlockMaps(gpu); // so that a program makes its own
        const tensors = { q: random([1, h, t, d]), k: random([1, g, s, d]), v: random([1, g, s, d]) };
        return attention(gpu, tensors, { variant, mask, lse });
      };
    }
  }
  for (const dv of [8, 5]) {
    const state = () => ({ out: transpose(random([2, 4, 3, dv]), [0, 2, 1, 3]), lse: random([2, 3, 4]) });
    found[`mergeAttention, values of ${dv}`] = () => mergeAttention(gpu, { left: state(), right: state() });
  }
  for (const [mask, t, s] of [
    ["causal", 3, 140], // two whole chunks, whose states are added up
    ["causal", 5, 4],
    ["full", 3, 21],
  ] as const) {
    found[`linearAttention, ${mask}, ${t} queries, ${s} keys`] = () => {
      const x = { q: random([1, 2, t, 5]), k: random([1, 1, s, 5]), v: random([1, 1, s, 3]) };
      return linearAttention(gpu, x, { mask, length: s - 1 }); // the last key is not in use
    };
  }
  return named(found);
}
