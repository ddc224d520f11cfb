import {
  type AdditiveAttentionTensors,
  additiveAttention,
  type LuongAttentionOptions,
  luongAttention,
} from "../../../blocks/alignment.ts";
import { type MaskLengthsOptions, maskLengths } from "../../../kernels/alignment/mask-lengths.ts";
import { additiveScores } from "../../../kernels/alignment/scores.ts";
import { additiveScoresBackward } from "../../../kernels/alignment/scores-backward.ts";
import * as reference from "../../../reference/attention/alignment.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Case, CaseInput, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";

const random = (shape: readonly number[], seed: number, factor = 1): CaseInput => ({
  shape,
  values: normal(sizeOf(shape), seed, factor),
});

interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly s: number;
  readonly a: number;
}

/** Scores of these sizes. */
const scoresShape = (name: string, { b, t, s, a }: Sizes, factor = 1): Case<"query" | "keys" | "v"> => ({
  name: `${name}: ${b} × ${t} × ${s} × ${a}`,
  inputs: { query: random([b, t, a], 1, factor), keys: random([b, s, a], 2, factor), v: random([a], 3) },
});

const scoreShapes = [
  scoresShape("one of everything", { b: 1, t: 1, s: 1, a: 1 }),
  scoresShape("odd sizes", { b: 3, t: 5, s: 7, a: 11 }),
  scoresShape("vectors", { b: 2, t: 3, s: 13, a: 12 }),
  scoresShape("several workgroups, prime", { b: 2, t: 17, s: 23, a: 5 }),
  scoresShape("a long sum", { b: 1, t: 2, s: 3, a: 1024 }),
  scoresShape("many keys", { b: 1, t: 2, s: 211, a: 4 }),
  scoresShape("tanh saturates", { b: 2, t: 3, s: 4, a: 6 }, 40),
];

/** Scores of additive attention. */
export const additiveScoreCases: CaseTable<"query" | "keys" | "v", "scores", object, "additiveScores"> = {
  op: "additiveScores",
  variants: ["additiveScores"],
  reference: reference.additiveScores,
  run: additiveScores,
  cases: scoreShapes,
};

/** Their gradients. */
export const additiveScoreBackwardCases: CaseTable<
  "query" | "keys" | "v" | "dscores",
  "dquery" | "dkeys" | "dv",
  object,
  "additiveScoresBackward"
> = {
  op: "additiveScoresBackward",
  variants: ["additiveScoresBackward"],
  reference: reference.additiveScoresBackward,
  run: (gpu, tensors) => {
    const found = additiveScoresBackward(gpu, tensors);
    return found as Required<typeof found>;
  },
  canaries: false,
  cases: scoreShapes.map(({ name, inputs }) => {
    const [b = 0, t = 0] = inputs.query.shape;
    return { name, inputs: { ...inputs, dscores: random([b, t, inputs.keys.shape[1] ?? 0], 4) } };
  }),
};

const { NaN: nothing, NEGATIVE_INFINITY: lowest } = Number;

/** Rows of these lengths; what is past them is NaN. */
function ragged(
  [b, n, m]: readonly [number, number, number],
  lengths: readonly number[],
  options: MaskLengthsOptions,
): Case<"x" | "lengths", MaskLengthsOptions> {
  const { axis, value } = options;
  const kept = (i: number) => {
    const place = axis === 1 ? Math.floor(i / m) % n : i % m;
    return place < (lengths[Math.floor(i / (n * m))] ?? 0);
  };
  return {
    name: `axis ${axis}, ${value}: ${b} × ${n} × ${m}`,
    inputs: {
      x: { shape: [b, n, m], values: normal(b * n * m, 1).map((one, i) => (kept(i) ? one : nothing)) },
      lengths: { shape: [b], values: lengths, dtype: "u32" },
    },
    options,
  };
}

/** Rows that end, along one axis or the other. */
export const maskLengthsCases: CaseTable<"x" | "lengths", "y", MaskLengthsOptions, "maskLengths"> = {
  op: "maskLengths",
  variants: ["maskLengths"],
  reference: reference.maskLengths,
  run: maskLengths,
  cap: 0,
  cases: [
    ragged([1, 1, 1], [1], { axis: 1, value: 0 }),
    ragged([4, 5, 3], [2, 0, 5, 99], { axis: 1, value: 0 }),
    ragged([4, 5, 3], [2, 0, 3, 99], { axis: 2, value: lowest }),
    ragged([3, 11, 13], [7, 1, 11], { axis: 1, value: lowest }),
    ragged([3, 11, 13], [7, 1, 13], { axis: 2, value: 0 }),
  ],
};

interface AttentionSizes extends Sizes {
  readonly d: number;
  readonly dk: number;
  readonly dv?: number;
}

/** Queries and keys; keys and values past the lengths are NaN. */
function sides(
  { b, t, s, d, dk, dv }: Omit<AttentionSizes, "a">,
  lengths: readonly number[] | undefined,
): Case<"query" | "keys" | "values?" | "lengths?">["inputs"] {
  const poisoned = (width: number, seed: number): CaseInput => {
    const { shape, values } = random([b, s, width], seed);
    const isPast = (i: number) => Math.floor(i / width) % s >= (lengths?.[Math.floor(i / (s * width))] ?? s);
    return { shape, values: Array.from(values, (value, i) => (isPast(i) ? nothing : value)) };
  };
  return {
    query: random([b, t, d], 1),
    keys: poisoned(dk, 2),
    ...(dv ? { values: poisoned(dv, 3) } : {}),
    ...(lengths ? { lengths: { shape: [b], values: lengths, dtype: "u32" } } : {}),
  };
}

type Additive = "query" | "keys" | "values?" | "lengths?" | "queryWeight" | "keyWeight" | "v";

function additiveShape(name: string, sizes: AttentionSizes, lengths?: readonly number[]): Case<Additive> {
  const { a, d, dk } = sizes;
  return {
    name,
    inputs: {
      ...sides(sizes, lengths),
      queryWeight: random([a, d], 5, 1 / Math.sqrt(d)),
      keyWeight: random([a, dk], 6, 1 / Math.sqrt(dk)),
      v: random([a], 7),
    },
  };
}

/** Additive attention. */
export const additiveAttentionCases: CaseTable<Additive, "out" | "weights", object, "additiveAttention"> = {
  op: "additiveAttention",
  variants: ["additiveAttention"],
  reference: reference.additiveAttention,
  run: (gpu, { ...tensors }) => additiveAttention(gpu, tensors satisfies AdditiveAttentionTensors),
  canaries: false,
  cases: [
    additiveShape("one of everything", { b: 1, t: 1, s: 1, a: 1, d: 1, dk: 1 }),
    additiveShape("odd sizes", { b: 3, t: 5, s: 7, a: 9, d: 3, dk: 11 }),
    additiveShape("values of their own", { b: 2, t: 3, s: 5, a: 8, d: 6, dk: 4, dv: 13 }),
    additiveShape("rows of several lengths", { b: 5, t: 3, s: 7, a: 5, d: 4, dk: 6 }, [3, 7, 0, 1, 99]),
    additiveShape("lengths, and values", { b: 3, t: 2, s: 13, a: 8, d: 5, dk: 3, dv: 2 }, [0, 13, 6]),
    additiveShape("prime lengths", { b: 2, t: 11, s: 101, a: 7, d: 5, dk: 3 }),
  ],
};

type Luong = "query" | "keys" | "values?" | "lengths?" | "weight?" | "v?";

function luongShape(
  name: string,
  score: LuongAttentionOptions["score"],
  { a, ...sizes }: AttentionSizes,
  lengths?: readonly number[],
): Case<Luong, LuongAttentionOptions> {
  const { d, dk } = sizes;
  const weight = {
    dot: {},
    general: { weight: random([d, dk], 5, 1 / Math.sqrt(d)) },
    concat: { weight: random([a, d + dk], 5, 1 / Math.sqrt(d + dk)), v: random([a], 7) },
  }[score];
  return { name: `${score}: ${name}`, inputs: { ...sides(sizes, lengths), ...weight }, options: { score } };
}

const scores = ["dot", "general", "concat"] as const;

/** Luong's three. */
export const luongAttentionCases: CaseTable<Luong, "out" | "weights", LuongAttentionOptions, "luongAttention"> = {
  op: "luongAttention",
  variants: ["luongAttention"],
  reference: reference.luongAttention,
  run: (gpu, tensors, { score }) => luongAttention(gpu, tensors, { score }),
  canaries: false,
  cases: [
    ...scores.map((score) => luongShape("one of everything", score, { b: 1, t: 1, s: 1, a: 1, d: 1, dk: 1 })),
    ...scores.map((score) =>
      luongShape("rows of several lengths", score, { b: 5, t: 3, s: 7, a: 5, d: 4, dk: score === "dot" ? 4 : 6 }, [
        ...[3, 7, 0, 1, 99],
      ]),
    ),
    luongShape("values of their own", "dot", { b: 2, t: 3, s: 5, a: 0, d: 6, dk: 6, dv: 13 }),
    luongShape("prime lengths, values", "general", { b: 2, t: 11, s: 101, a: 0, d: 5, dk: 3, dv: 7 }, [97, 5]),
  ],
};
