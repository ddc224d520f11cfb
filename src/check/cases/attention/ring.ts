import { type RingAttentionOptions, ringAttention } from "../../../blocks/ring-attention/ring-attention.ts";
import type { RingBalance } from "../../../blocks/ring-attention/schedule.ts";
import { attention as reference } from "../../../reference/attention/attention.ts";
import { causal, full } from "../../../reference/attention/masks.ts";
import type { Dense } from "../../../reference/dense.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { attention as emulation } from "../../emulation/attention.ts";
import { allowedUlps } from "../../gate.ts";
import type { Named } from "../../named.ts";
import { normal } from "../../random.ts";

type Inputs = "q" | "k" | "v";

interface RingCaseSizes {
  readonly b?: number;
  readonly h: number;
  readonly g?: number;
  readonly t: number;
  readonly s: number;
  readonly d?: number;
}

type RingCaseOptions = RingAttentionOptions & { readonly shards: number };

/** A problem of ring attention, q `[b, h, t, d]`, k and v `[b, g, s, d]`. */
export function ringCase(
  name: string,
  { b = 1, h, g = h, t, s, d = 8 }: RingCaseSizes,
  options: RingCaseOptions,
): Case<Inputs, RingCaseOptions> {
  const input = (shape: readonly number[], seed: number) => ({
    shape,
    values: normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  });
  return {
    name,
    inputs: { q: input([b, h, t, d], 1), k: input([b, g, s, d], 2), v: input([b, g, s, d], 3) },
    options: { variant: "rows", ...options },
  };
}

const expected = (oracle: typeof reference, inputs: Named<Inputs, Dense>, options: RingAttentionOptions) => {
  const { mask, score, scale } = options;
  const cap = typeof score === "object" ? score.cap : undefined;
  const { out, lse } = oracle(inputs, {
    mask: mask === "full" ? full : causal,
    ...(cap === undefined ? {} : { score: (value: number) => cap * Math.tanh(value / cap) }),
    ...(scale === undefined ? {} : { scale }),
  });
  return { out, lse };
};

/** Ring attention equals attention of whole sequences. */
export const ringCases: CaseTable<Inputs, "out" | "lse", RingCaseOptions, RingBalance> = {
  op: "ringAttention",
  variants: ["contiguous", "zigzag", "striped"],
  canaries: false,
  reference: (inputs, options) => expected(reference, inputs, options),
  run: (gpu, tensors, options, balance) => {
    const { out, lse } = ringAttention(gpu, tensors, { ...options, balance });
    return { out, lse };
  },
  gate: {
    emulation: (inputs, options) => expected(emulation, inputs, options),
    allowed: () => allowedUlps.exp(0),
  },
  cases: [
    ringCase("one token, one shard", { b: 3, h: 7, t: 1, s: 1 }, { shards: 1 }),
    ringCase("prime length, three shards", { b: 2, h: 3, g: 1, t: 41, s: 41, d: 64 }, { shards: 3, variant: "flash" }),
    ringCase("all keys, five shards, 5 to 1", { b: 2, h: 10, g: 2, t: 37, s: 61 }, { shards: 5, mask: "full" }),
    ringCase("more keys than queries", { h: 2, t: 23, s: 67 }, { shards: 4 }),
    ringCase("more queries than keys: the first see no keys", { b: 2, h: 2, t: 60, s: 19 }, { shards: 4 }),
    ringCase("more shards than queries", { h: 7, g: 1, t: 2, s: 50, d: 64 }, { shards: 4, variant: "splitK" }),
    ringCase("more shards than keys", { h: 2, t: 30, s: 3 }, { shards: 4 }),
    ringCase("merged on arrival", { h: 2, t: 41, s: 41 }, { shards: 4, merge: "arrival" }),
    ringCase(
      "a softcap and a scale",
      { h: 2, t: 20, s: 30 },
      { shards: 3, score: { kind: "softcap", cap: 2 }, scale: 1 },
    ),
  ],
};
