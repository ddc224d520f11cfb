import { type CascadeOptions, cascadeAttention } from "../../../blocks/cascade-attention.ts";
import { attention as reference } from "../../../reference/attention/attention.ts";
import { causal, full } from "../../../reference/attention/masks.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { slice, transpose } from "../../../tensor/views.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { attention as emulation } from "../../emulation/attention.ts";
import { allowedUlps } from "../../gate.ts";
import type { Named } from "../../named.ts";
import { normal } from "../../random.ts";
import { type StepRow, stepOf } from "../../step.ts";
import { inTokens, swapTokensAndHeads } from "./problem.ts";

interface Sizes {
  readonly b: number;
  readonly h: number;
  readonly g?: number;
  readonly t: number;
  readonly p: number;
  readonly s: number;
  readonly d?: number;
  readonly dv?: number;
}

type Inputs = "q" | "prefixKeys" | "prefixValues" | "keys" | "values";

interface CaseOptions extends Omit<CascadeOptions, "into" | "variants"> {
  readonly rows?: readonly StepRow[];
  /** True where the memory of q is `[b, h, t, d]`, so that packing it requires a copy. */
  readonly headsFirst?: boolean;
}

/** A problem; unused slots of the suffix, and of the cache after the prefix, are NaN. */
function cascadeCase(
  name: string,
  { b, h, g = h, t, p, s, d = 8, dv = d }: Sizes,
  options: CaseOptions = {},
): Case<Inputs, CaseOptions> {
  const input = (shape: readonly [number, number, number, number], seed: number, used: (batch: number) => number) => ({
    shape,
    values: normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ).map((value, i) => {
      const [, heads, rows, width] = shape;
      return Math.floor(i / width) % rows < used(Math.floor(i / (heads * rows * width))) ? value : Number.NaN;
    }),
  });
  const all = () => Number.POSITIVE_INFINITY;
  const inUse = (batch: number) => {
    const [position, tokens] = options.rows?.[batch] ?? [options.length ?? s, 0];
    return position + tokens;
  };
  return {
    name,
    inputs: {
      q: input(options.headsFirst ? [b, h, t, d] : [b, t, h, d], 1, all),
      prefixKeys: input([1, g, p + 3, d], 2, () => p),
      prefixValues: input([1, g, p + 3, dv], 3, () => p),
      keys: input([b, g, s, d], 4, inUse),
      values: input([b, g, s, dv], 5, inUse),
    },
    options,
  };
}

/** Prefix followed by suffix, in every batch row. */
function joined(prefix: Dense, suffix: Dense): Dense {
  const [, , kept = 0, width = 0] = prefix.shape;
  const [b = 0, g = 0, s = 0] = suffix.shape;
  const p = kept - 3;
  const whole = dense([b, g, p + s, width]);
  for (let row = 0; row < b * g; row++) {
    const at = row * (p + s) * width;
    const first = (row % g) * kept * width;
    whole.values.set(prefix.values.subarray(first, first + p * width), at);
    whole.values.set(suffix.values.subarray(row * s * width, (row + 1) * s * width), at + p * width);
  }
  return whole;
}

function expected(
  oracle: typeof reference,
  { q, prefixKeys, prefixValues, keys, values }: Named<Inputs, Dense>,
  options: CaseOptions,
) {
  const { mask, score, scale, start, length, rows, headsFirst } = options;
  const p = (prefixKeys.shape[2] ?? 0) - 3;
  const queries = headsFirst ? q : swapTokensAndHeads(q);
  const used = length ?? keys.shape[2] ?? 0;
  const cap = typeof score === "object" ? score.cap : undefined;
  const { out, lse } = oracle(
    { q: queries, k: joined(prefixKeys, keys), v: joined(prefixValues, values) },
    {
      mask: mask === "full" ? full : causal,
      ...(cap === undefined ? {} : { score: (value: number) => cap * Math.tanh(value / cap) }),
      ...(scale === undefined ? {} : { scale }),
      start: rows ? rows.map(([position]) => p + position) : p + (start ?? used - (queries.shape[2] ?? 0)),
      length: rows ? rows.map(([position, tokens]) => p + (tokens > 0 ? position + tokens : 0)) : p + used,
    },
  );
  return { out, lse };
}

/** Cascade attention is attention over the prefix followed by the suffix. */
export const cascadeCases: CaseTable<Inputs, "out" | "lse", CaseOptions, "naive" | "chosen"> = {
  op: "cascadeAttention",
  variants: ["naive", "chosen"],
  reference: (inputs, options) => expected(reference, inputs, options),
  run: (gpu, { q, prefixKeys, prefixValues, keys, values }, { rows, headsFirst, into, ...options }, variant) => {
    const p = (prefixKeys.shape[2] ?? 0) - 3;
    const tensors = {
      q: headsFirst ? q : transpose(q, [0, 2, 1, 3]),
      prefix: { k: slice(prefixKeys, 2, 0, p), v: slice(prefixValues, 2, 0, p) },
      suffix: { k: keys, v: values },
      ...(rows ? { step: stepOf(gpu, rows) } : {}),
    };
    const variants = variant === "naive" ? ({ prefix: "naive", suffix: "naive" } as const) : {};
    return cascadeAttention(gpu, tensors, { ...options, variants, ...inTokens(into) });
  },
  gate: {
    emulation: (inputs, options) => expected(emulation, inputs, options),
    allowed: () => allowedUlps.exp(0),
  },
  cases: [
    cascadeCase("one row, one key each", { b: 1, h: 5, t: 1, p: 1, s: 1 }),
    cascadeCase("decode of a batch, 5 to 1", { b: 3, h: 10, g: 2, t: 1, p: 71, s: 13 }),
    cascadeCase("some tokens each, 3 to 1", { b: 2, h: 6, g: 2, t: 5, p: 37, s: 11 }),
    cascadeCase("prime lengths, 7 to 1, q by heads", { b: 3, h: 7, g: 1, t: 11, p: 101, s: 43 }, { headsFirst: true }),
    cascadeCase("all of the suffix", { b: 2, h: 4, g: 2, t: 7, p: 19, s: 5 }, { mask: "full" }),
    cascadeCase("suffixes partly used", { b: 2, h: 4, g: 2, t: 3, p: 19, s: 40 }, { length: 17 }),
    cascadeCase("the first query sees only the prefix", { b: 2, h: 4, t: 6, p: 9, s: 5 }),
    cascadeCase("empty suffixes", { b: 2, h: 3, t: 1, p: 9, s: 5 }, { length: 0 }),
    cascadeCase(
      "suffixes of different lengths, one row ended",
      { b: 4, h: 4, g: 2, t: 2, p: 29, s: 20 },
      {
        rows: [
          [0, 2],
          [18, 2],
          [5, 0],
          [7, 2],
        ],
      },
    ),
    cascadeCase(
      "a softcap and a scale",
      { b: 2, h: 4, t: 1, p: 31, s: 8 },
      { score: { kind: "softcap", cap: 2 }, scale: 1 },
    ),
    cascadeCase("values wider than keys", { b: 2, h: 4, t: 3, p: 31, s: 8, d: 6, dv: 10 }),
  ],
};
