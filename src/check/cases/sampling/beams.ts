import { copyCacheRows } from "../../../kernels/kv-cache/copy-rows.ts";
import { beamTotals, mergeBeams, topTokens } from "../../../kernels/sampling/beams.ts";
import {
  copyRows as copyReference,
  mergeBeams as mergeReference,
  topTokens as topReference,
  beamTotals as totalsReference,
} from "../../../reference/beams.ts";
import { dense } from "../../../reference/dense.ts";
import type { PlainType } from "../../../tensor/dtype.ts";
import { type Case, type CaseTable, withTags } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";
import { type StepRow, stepOf } from "../../step.ts";

const minus = Number.NEGATIVE_INFINITY;

const rounded = (values: Float64Array, steps: number) => values.map((value) => Math.round(value * steps) / steps);

type TotalInputs = "logits" | "scores";

const totals = (
  name: string,
  b: number,
  v: number,
  values: ArrayLike<number>,
  scores: ArrayLike<number> = normal(b, b + v, 20).map((value) => -Math.abs(value)),
): Case<TotalInputs> => ({
  name,
  inputs: { logits: { shape: [b, v], values }, scores: { shape: [b], values: scores } },
});

export const beamTotalCases: CaseTable<TotalInputs, "totals", object, "beam-totals"> = {
  op: "sampling/beam-totals",
  variants: ["beam-totals"],
  reference: totalsReference,
  run: beamTotals,
  cases: [
    totals("one token", 2, 1, [3, -100]),
    totals("seven tokens", 5, 7, normal(35, 5, 3)),
    totals("prime width", 4, 2053, normal(4 * 2053, 6, 4)),
    withTags(totals("64 rows", 64, 300, normal(64 * 300, 7, 2)), "folds"),
    totals("large and far from zero", 3, 500, normal(1500, 9, 30, 1000)),
    totals(
      "half of the tokens masked",
      3,
      90,
      normal(270, 10).map((value, i) => (i % 2 ? minus : value)),
    ),
    totals("the first row alone has a text", 4, 33, normal(132, 11), [0, minus, minus, minus]),
    totals(
      "rows without a text may hold anything",
      3,
      4,
      [Number.NaN, 1, 2, 3, -minus, 1, 2, 3, 1, 2, 3, 4],
      [minus, minus, -1],
    ),
    totals(
      "NaN, +∞ and nothing above −∞ in rows with a text",
      4,
      3,
      [1, Number.NaN, 2, 1, 2, -minus, minus, minus, minus, 1, 2, 3],
      [-1, -2, -3, -4],
    ),
    totals("the vocabulary of Qwen3", 2, 151_936, normal(2 * 151_936, 12, 3)),
  ],
};

interface Top {
  readonly n: number;
}

const topRows: readonly (readonly [name: string, b: number, v: number, values: ArrayLike<number>])[] = [
  ["one token", 2, 1, [1, -1]],
  ["seven tokens", 5, 7, normal(35, 5, 3)],
  ["prime width", 4, 2053, normal(4 * 2053, 6, 4)],
  ["ties: rounded to quarters", 6, 2048, rounded(normal(6 * 2048, 8), 4)],
  ["all equal", 2, 1000, new Float64Array(2000).fill(-3)],
  ["the last of 257 is the largest", 1, 257, Float64Array.from({ length: 257 }, (_, i) => i)],
  ["few above −∞", 3, 90, normal(270, 10).map((value, i) => (i % 30 ? minus : value))],
  ["NaN counts as −∞", 2, 5, [Number.NaN, 1, minus, 2, Number.NaN, Number.NaN, minus, Number.NaN, minus, Number.NaN]],
  ["the vocabulary of Qwen3", 2, 151_936, normal(2 * 151_936, 12, 3)],
];

export const topTokenCases: CaseTable<"logits", "ids" | "values", Top, "top-tokens"> = {
  op: "sampling/top-tokens",
  variants: ["top-tokens"],
  cap: 0,
  dtypes: { ids: "u32" },
  reference: topReference,
  run: topTokens,
  cases: topRows.flatMap(([name, b, v, values]) =>
    [1, 5, 8, 64]
      .filter((n) => n <= v)
      .map(
        (n): Case<"logits", Top> => ({
          name: `${name}, n = ${n}`,
          inputs: { logits: { shape: [b, v], values } },
          options: { n },
        }),
      ),
  ),
};

type MergeInputs = "tokens" | "values" | "ranks";

interface Merge {
  readonly beams: number;
  readonly n: number;
  readonly v: number;
}

/** Every rank once in each source, in any order; `values` sorted in each row as `topTokens` sorts them, or not. */
function merge(
  name: string,
  {
    sources = 1,
    beams,
    k,
    n,
    v,
  }: Omit<Merge, "n"> & { readonly sources?: number; readonly k: number; readonly n?: number },
  values?: readonly number[],
): Case<MergeInputs, Merge> {
  const source = randomSource(7 * beams + k);
  const b = sources * beams;
  const ranks = Float64Array.from({ length: b }, (_, row) => (row * 5 + 3) % beams);
  // No token twice in a row.
  const firsts = Array.from({ length: b }, () => source.integer(v));
  const tokens = Float64Array.from({ length: b * k }, (_, i) => ((firsts[Math.floor(i / k)] ?? 0) + 7 * (i % k)) % v);
  return {
    name,
    inputs: {
      tokens: { shape: [b, k], values: tokens, dtype: "u32" },
      values: { shape: [b, k], values: values ?? rounded(normal(b * k, beams, 2), 4) },
      ranks: { shape: [b], values: ranks, dtype: "u32" },
    },
    options: { beams, n: n ?? k, v },
  };
}

export const mergeBeamCases: CaseTable<MergeInputs, "ids" | "totals", Merge, "merge-beams"> = {
  op: "sampling/merge-beams",
  variants: ["merge-beams"],
  cap: 0,
  dtypes: { ids: "u32" },
  reference: mergeReference,
  run: mergeBeams,
  cases: [
    merge("one row", { beams: 1, k: 2, v: 9 }),
    merge("two rows, more kept than a row has", { beams: 2, k: 3, n: 6, v: 11 }),
    merge("four rows of eight", { beams: 4, k: 8, v: 1000 }),
    merge("several sources", { sources: 5, beams: 3, k: 6, v: 301 }),
    merge("64 rows of 64, ties", { sources: 8, beams: 8, k: 64, v: 2 ** 18 }),
    merge("all equal: by token, then by rank", { beams: 4, k: 8, n: 20, v: 9 }, new Array<number>(32).fill(-1)),
    merge("−∞ at the end", { beams: 2, k: 2, n: 4, v: 5 }, [minus, -1, minus, minus]),
    merge("NaN goes first", { beams: 2, k: 2, n: 4, v: 5 }, [-1, -2, Number.NaN, minus]),
    {
      ...merge("rows that are no whole number of sources", { beams: 3, k: 2, v: 5 }),
      refusedBy: ["merge-beams"],
      options: { beams: 2, n: 2, v: 5 },
    },
    {
      ...merge("more than there are", { beams: 2, k: 2, v: 5 }),
      refusedBy: ["merge-beams"],
      options: { beams: 2, n: 5, v: 5 },
    },
  ],
};

interface Copy {
  readonly rows: readonly StepRow[];
  readonly positions: number;
  /** Default contiguous. */
  readonly ring?: boolean;
}

function copy(
  name: string,
  [b, g, s, d]: readonly [number, number, number, number],
  parents: readonly number[],
  lengths: readonly number[],
  {
    positions = s,
    ring,
    dtype,
  }: { readonly positions?: number; readonly ring?: boolean; readonly dtype?: PlainType } = {},
): Case<"cache" | "parents", Copy> {
  return {
    name,
    inputs: {
      cache: { shape: [b, g, s, d], values: normal(b * g * s * d, s + d), ...(dtype ? { dtype } : {}) },
      parents: { shape: [b], values: parents, dtype: "u32" },
    },
    options: { rows: lengths.map((length) => [length, 1]), positions, ...(ring ? { ring } : {}) },
  };
}

export const copyRowCases: CaseTable<"cache" | "parents", "cache", Copy, "copy-rows"> = {
  op: "kv-cache/copy-rows",
  variants: ["copy-rows"],
  cap: 0,
  canaries: false,
  reference: ({ cache, parents }, { rows, positions }) => {
    const lengths = dense(
      [rows.length],
      rows.map(([length]) => Math.min(length, positions)),
    );
    return copyReference({ cache, parents, lengths });
  },
  run: (gpu, { cache, parents }, { rows, positions, ring = false }) => {
    const layout = ring ? ({ kind: "ring" } as const) : "contiguous";
    return copyCacheRows(gpu, { cache, parents, step: stepOf(gpu, rows) }, { positions, layout });
  },
  cases: [
    copy("one row, its own parent", [1, 2, 4, 3], [0], [3]),
    copy("the first to all others", [4, 2, 5, 3], [0, 0, 0, 0], [3, 3, 3, 3]),
    copy("some copied, some kept", [5, 3, 70, 8], [0, 3, 2, 3, 0], [65, 65, 65, 65, 65]),
    copy("each its own parent: nothing changes", [3, 1, 8, 4], [0, 1, 2], [8, 8, 8]),
    copy("no such parent: nothing changes", [2, 1, 4, 2], [0, 7], [4, 4]),
    copy("rows of several lengths", [4, 2, 9, 5], [0, 0, 2, 2], [2, 2, 9, 9]),
    copy("nothing cached yet", [2, 1, 4, 2], [0, 0], [0, 0]),
    copy("fewer positions looked at than there are", [2, 2, 64, 4], [0, 0], [20, 20], { positions: 32 }),
    copy("a ring that has gone round", [3, 2, 8, 4], [0, 0, 2], [29, 29, 29], { positions: 512, ring: true }),
    copy("f16", [3, 2, 9, 6], [0, 0, 2], [7, 7, 7], { dtype: "f16" }),
    copy("bf16", [2, 2, 9, 4], [1, 1], [9, 9], { dtype: "bf16" }),
    { ...copy("f16 of an odd width", [2, 1, 2, 3], [0, 0], [1, 1], { dtype: "f16" }), refusedBy: ["copy-rows"] },
  ],
};
