import { tokenLogprobs, topLogprobs } from "../../../kernels/sampling/logprobs.ts";
import { at, type Dense, dense } from "../../../reference/dense.ts";
import { topLogprobs as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";

const minus = Number.NEGATIVE_INFINITY;

/** Log-probability of one token per row; NaN for ids outside of the vocabulary. */
function logprobsAt(logits: Dense, ids: Dense): Dense {
  const [b = 0, v = 0] = logits.shape;
  const values = Array.from({ length: b }, (_, row) => {
    const scores = logits.values.subarray(row * v, (row + 1) * v);
    const maximum = scores.reduce((most, score) => Math.max(most, score), minus);
    const sum = scores.reduce((total, score) => total + Math.exp(score - maximum), 0);
    return (scores[at(ids.values, row)] ?? Number.NaN) - maximum - Math.log(sum);
  });
  return dense([b], values);
}

const rounded = (values: Float64Array, steps: number) => values.map((value) => Math.round(value * steps) / steps);

/** Rows of logits with one special property each. */
const rows: readonly (readonly [name: string, b: number, v: number, values: ArrayLike<number>])[] = [
  ["two tokens", 3, 2, normal(6, 4)],
  ["seven", 5, 7, normal(35, 5, 3)],
  ["several rows, prime width", 4, 2053, normal(4 * 2053, 6, 4)],
  ["64 rows", 64, 300, normal(64 * 300, 7, 2)],
  ["ties: rounded to quarters", 6, 2048, rounded(normal(6 * 2048, 8), 4)],
  ["all equal", 2, 1000, new Float64Array(2000).fill(-3)],
  ["large and far from zero", 3, 500, normal(1500, 9, 30, 1000)],
  ["half of the tokens masked", 3, 90, normal(270, 10).map((value, i) => (i % 2 ? minus : value))],
  ["one dominant, softmax outliers ×20", 4, 999, normal(4 * 999, 11, 20)],
  ["the vocabulary of Qwen3", 2, 151_936, normal(2 * 151_936, 12, 3)],
];

const chosenOf = (b: number, v: number) => {
  const source = randomSource(b * v);
  return { shape: [b], values: Array.from({ length: b }, () => source.integer(v)), dtype: "u32" as const };
};

type TopInputs = "logits" | "chosen";

/** How many tokens are listed. */
interface Top {
  readonly n: number;
}

type TopCase = Case<TopInputs, Top>;

const topCases = rows.flatMap(([name, b, v, values]) =>
  [1, 5, 7, 64]
    .filter((n) => n <= v)
    .map(
      (n): TopCase => ({
        name: `${name}, n = ${n}`,
        inputs: { logits: { shape: [b, v], values }, chosen: chosenOf(b, v) },
        options: { n },
      }),
    ),
);

const one = (n: number): TopCase["inputs"] => ({
  logits: { shape: [2, n], values: normal(2 * n, 1) },
  chosen: { shape: [2], values: [0, 0], dtype: "u32" },
});

const noneChosen: TopCase = {
  name: "chosen: none, as in an ended row",
  inputs: { ...one(4), chosen: { shape: [2], values: [0xffffffff, 3], dtype: "u32" } },
  options: { n: 2 },
};

/** Log-probabilities of `topLogprobs`, up to rounding. */
export const topLogprobCases: CaseTable<TopInputs, "logprobs" | "chosenLogprob", Top, "top-logprobs"> = {
  op: "sampling/top-logprobs",
  variants: ["top-logprobs"],
  reference: ({ logits, chosen }, options) => ({
    logprobs: reference({ logits }, options).logprobs,
    chosenLogprob: logprobsAt(logits, chosen),
  }),
  run: topLogprobs,
  cases: [{ name: "one token", inputs: one(1), options: { n: 1 } }, ...topCases, noneChosen],
};

/**
 * 1 and the number of tokens before each row's own in the order of `topLogprobs`; 0 for ids outside of the vocabulary.
 */
function ranksOf(logits: Dense, ids: Dense): Dense {
  const [b = 0, v = 0] = logits.shape;
  const ranks = Array.from({ length: b }, (_, row) => {
    const own = at(ids.values, row);
    const scores = logits.values.subarray(row * v, (row + 1) * v);
    if (own >= v) return 0;
    const before = (score: number, id: number) => score > at(scores, own) || (score === at(scores, own) && id < own);
    return 1 + scores.filter(before).length;
  });
  return dense([b], ranks);
}

/** Ids and ranks of `topLogprobs`, exactly. */
export const topIdCases: CaseTable<TopInputs, "ids" | "chosenRank", Top, "top-logprobs"> = {
  op: "sampling/top-logprobs ids and ranks",
  variants: ["top-logprobs"],
  cap: 0,
  dtypes: { ids: "u32", chosenRank: "u32" },
  reference: ({ logits, chosen }, options) => ({
    ids: reference({ logits }, options).ids,
    chosenRank: ranksOf(logits, chosen),
  }),
  run: topLogprobs,
  cases: [...topCases, noneChosen],
};

export const tokenLogprobCases: CaseTable<"logits" | "targets", "logprobs", object, "token-logprobs"> = {
  op: "sampling/token-logprobs",
  variants: ["token-logprobs"],
  reference: ({ logits, targets }) => ({ logprobs: logprobsAt(logits, targets) }),
  run: tokenLogprobs,
  cases: [
    {
      name: "one token",
      inputs: { logits: { shape: [1, 1], values: [5] }, targets: { shape: [1], values: [0], dtype: "u32" } },
    },
    {
      name: "70,001 rows: the grid folds, with a workgroup to spare; targets outside the vocabulary",
      inputs: {
        logits: { shape: [70_001, 3], values: normal(210_003, 1) },
        targets: { shape: [70_001], values: Array.from({ length: 70_001 }, (_, i) => i % 4), dtype: "u32" },
      },
    },
    {
      // A weight of 5·10⁻⁸ is lost where it is added token by token to a sum of 1.
      name: "one logit 16.9 above all others, 131,072 tokens",
      inputs: {
        logits: { shape: [1, 131_072], values: Array.from({ length: 131_072 }, (_, i) => (i === 3 ? 8 : -8.9)) },
        targets: { shape: [1], values: [5], dtype: "u32" },
      },
      bounds: { results: { logprobs: { absolute: 2e-5 } } },
    },
    ...rows.map(([name, b, v, values]) => ({
      name,
      inputs: { logits: { shape: [b, v], values }, targets: chosenOf(b, v) },
    })),
  ],
};
