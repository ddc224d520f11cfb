import {
  type IndexOptions,
  indexScores,
  type SelectOptions,
  selectKeys,
} from "../../../kernels/attention/selected-keys/select-keys.ts";
import {
  type SelectedOptions,
  selectedAttention,
} from "../../../kernels/attention/selected-keys/selected-attention.ts";
import * as reference from "../../../reference/attention/selected-keys.ts";
import { dense } from "../../../reference/dense.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseInput, type CaseTable, requirementsOf, variantsOf } from "../../case-table.ts";
import { normal } from "../../random.ts";

const random = (shape: readonly number[], seed: number): CaseInput => ({ shape, values: normal(sizeOf(shape), seed) });

interface IndexSizes {
  readonly b?: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  readonly d: number;
}

/** Scores of an indexer of these sizes. */
export function indexScoresShape(
  name: string,
  { b = 1, h, t, s, d }: IndexSizes,
  options: IndexOptions = {},
): Case<"q" | "k" | "weights", IndexOptions> {
  return {
    name: `${name}: ${b} × ${t} of ${s}, ${h} × ${d}`,
    inputs: { q: random([b, h, t, d], 1), k: random([b, s, d], 2), weights: random([b, t, h], 3) },
    options,
  };
}

/** Scores of an indexer. */
export const indexScoresCases: CaseTable<"q" | "k" | "weights", "scores", IndexOptions, "indexScores"> = {
  op: "indexScores",
  variants: ["indexScores"],
  reference: reference.indexScores,
  run: (gpu, tensors, options) => indexScores(gpu, tensors, options),
  cases: [
    indexScoresShape("one of everything", { h: 1, t: 1, s: 1, d: 1 }),
    indexScoresShape("a step", { h: 4, t: 1, s: 300, d: 32 }),
    indexScoresShape("odd sizes", { b: 2, h: 3, t: 19, s: 67, d: 7 }),
    indexScoresShape("more queries than keys", { h: 2, t: 70, s: 9, d: 4 }),
    indexScoresShape("queries in the middle of the keys", { b: 2, h: 2, t: 8, s: 129, d: 12 }, { start: 60 }),
  ],
};

/** Selections from rows of scores with ties, some of them −∞ and NaN. */
export function selectKeysShape(name: string, shape: readonly number[], count: number): Case<"scores", SelectOptions> {
  const values = normal(sizeOf(shape), 4).map((value, i) => {
    if (i % 11 === 3) return Number.NEGATIVE_INFINITY;
    return i % 13 === 5 ? Number.NaN : Math.round(8 * value) / 8;
  });
  return {
    name: `${name}: ${count} of ${shape.join(" × ")}`,
    inputs: { scores: { shape, values } },
    options: { count },
  };
}

const equal = {
  shape: [3, 700],
  values: Array.from({ length: 2100 }, (_, i) => (i < 700 ? 1 : i < 1400 ? -0 * (i % 2) : -3)),
};

/** Selections of keys. */
export const selectKeysCases: CaseTable<"scores", "indices", SelectOptions, "selectKeys"> = {
  op: "selectKeys",
  variants: ["selectKeys"],
  reference: reference.selectKeys,
  run: (gpu, tensors, { count }) => selectKeys(gpu, tensors, { count }),
  dtypes: { indices: "u32" },
  cap: 0,
  canaries: false,
  cases: [
    selectKeysShape("one of everything", [1, 1], 1),
    selectKeysShape("more than there are", [2, 3, 9], 20),
    selectKeysShape("few", [5, 300], 7),
    selectKeysShape("nearly all", [2, 1000], 900),
    selectKeysShape("many", [2, 5000], 2048),
    { name: "all equal", inputs: { scores: equal }, options: { count: 300 } },
  ],
};

interface SelectedSizes extends IndexSizes {
  readonly g?: number;
  readonly m?: number;
  readonly n: number;
  readonly dv?: number;
}

type Inputs = "q" | "k" | "v" | "indices";

/** Attention over `n` keys or blocks that are selected by random scores. Key 0, and NaN in it, is selected by no query. */
export function selectedAttentionShape(
  name: string,
  { b = 1, h, g = h, m = 1, t, s, n, d, dv = d }: SelectedSizes,
  options: SelectedOptions = {},
): Case<Inputs, SelectedOptions> {
  const { block = 1, start = s - t } = options;
  const blocks = Math.ceil(s / block);
  const scores = dense([b, m, t, blocks], normal(b * m * t * blocks, 5));
  for (let i = 0; i < scores.values.length; i++) {
    const position = start + (Math.floor(i / blocks) % t);
    if (i % blocks === 0 || (i % blocks) * block > position) scores.values[i] = Number.NEGATIVE_INFINITY;
  }
  const { values } = reference.selectKeys({ scores }, { count: n }).indices;
  const keys = normal(b * g * s * d, 2);
  for (let head = 0; head < b * g; head++) keys.fill(Number.NaN, head * s * d, head * s * d + Math.min(block, s) * d);
  return {
    name: `${name}: ${n} of ${blocks}, ${b} × ${h} × ${t}, widths ${d} and ${dv}`,
    inputs: {
      q: random([b, h, t, d], 1),
      k: { shape: [b, g, s, d], values: keys },
      v: random([b, g, s, dv], 3),
      indices: { shape: [b, m, t, n], values, dtype: "u32" },
    },
    options,
  };
}

/** Attention over selected keys. */
export const selectedAttentionCases: CaseTable<
  Inputs,
  "out" | "lse",
  SelectedOptions,
  keyof typeof selectedAttention.variants
> = {
  op: "selectedAttention",
  variants: variantsOf(selectedAttention),
  requires: (variant) => requirementsOf(selectedAttention, variant),
  reference: (inputs, { lse: _, ...options }) => reference.selectedAttention(inputs, options),
  run: (gpu, tensors, { into: _, ...options }, variant) => {
    const { out, lse } = selectedAttention(gpu, tensors, { ...options, lse: true, variant });
    return { out, lse: lse ?? out };
  },
  canaries: false,
  cases: [
    selectedAttentionShape("a key is none's", { h: 1, t: 1, s: 1, n: 1, d: 4 }),
    selectedAttentionShape("a step", { h: 8, g: 2, t: 1, s: 700, n: 600, d: 64, dv: 32 }),
    selectedAttentionShape("groups of heads", { b: 2, h: 4, g: 2, t: 5, s: 90, n: 20, d: 16 }),
    selectedAttentionShape("more heads than a workgroup has", { h: 9, g: 1, t: 3, s: 333, n: 300, d: 32, dv: 64 }),
    selectedAttentionShape("indices for each group", { b: 2, h: 6, g: 2, m: 2, t: 9, s: 40, n: 11, d: 8, dv: 12 }),
    selectedAttentionShape("several passes", { h: 2, t: 9, s: 600, n: 520, d: 16 }),
    selectedAttentionShape("more than there are", { h: 2, t: 17, s: 17, n: 32, d: 128 }),
    selectedAttentionShape("blocks for each head", { h: 4, g: 2, m: 4, t: 9, s: 61, n: 3, d: 8, dv: 4 }, { block: 16 }),
    selectedAttentionShape(
      "queries in the middle",
      { h: 2, g: 1, t: 4, s: 50, n: 9, d: 16 },
      { start: 20, scale: 0.5 },
    ),
  ],
};
