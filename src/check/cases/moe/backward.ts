import { contiguous } from "../../../kernels/layout/contiguous.ts";
import { balanceBias } from "../../../kernels/moe/balance-bias.ts";
import { type ExpertsBackwardOptions, expertsBackward } from "../../../kernels/moe/experts-backward.ts";
import type { RoutingRule } from "../../../kernels/moe/route.ts";
import { routeBackward } from "../../../kernels/moe/route-backward.ts";
import {
  type RouterScores,
  routerStatistics,
  routerStatisticsBackward,
} from "../../../kernels/moe/router-statistics.ts";
import { dense } from "../../../reference/dense.ts";
import { mixtureBackward, routeBackward as referenceOfRoute } from "../../../reference/mixture/mixture-backward.ts";
import {
  limitCapacity,
  balanceBias as referenceOfBalance,
  routerStatistics as referenceOfStatistics,
  route,
  routerStatisticsBackward as statisticsBackward,
} from "../../../reference/mixture/routing.ts";
import { type Case, type CaseTable, variantsOf } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { expertsCase, randomChoices } from "./experts.ts";
import { routeCases } from "./route.ts";

type Inputs = "x" | "experts" | "weights" | "gateUp" | "down" | "gateUpBias?" | "downBias?" | "dy";
type Results = "dx" | "dweights" | "dgateUp" | "ddown" | "dgateUpBias?" | "ddownBias?";

const clamped = { activation: "clamped-swiglu" } as const;

/** A case of the layer with the gradient of its result. */
function backwardCase(...given: Parameters<typeof expertsCase>): Case<Inputs, ExpertsBackwardOptions> {
  const { name, inputs, options } = expertsCase(...given);
  const { shape } = inputs.x;
  const { activation = "swiglu", capacity } = options ?? {};
  const dy = { shape, values: normal((shape[0] ?? 0) * (shape[1] ?? 0), 11) };
  const { refusedBy } = given[2] ?? {};
  return {
    name,
    inputs: { ...inputs, dy },
    options: { activation, ...(capacity === undefined ? {} : { capacity }) },
    ...(refusedBy ? { refusedBy } : {}),
  };
}

/**
 * Gate and up values at their limits and next to them: x is one number per token, and the experts' rows copy it, so
 * that the pairs of hidden columns are (7, 7), (7, −7), (7.5, 1), (1, 7.5), (1, −7.5) and (−7, −7), exactly.
 */
function atTheLimits(): Case<Inputs, ExpertsBackwardOptions> {
  const [t, e, k, c, f] = [3, 2, 1, 4, 8];
  const { inputs, ...item } = backwardCase(
    "clamped: at 7 a gate and an up pass their gradients, beyond it not",
    { t, e, k, c, f },
    { options: clamped },
  );
  const pairs = [7, 7, 7, -7, 7.5, 1, 1, 7.5, 1, -7.5, -7, -7, 2, 3, -7.5, 7];
  const x = Array.from({ length: t * c }, (_, i) => (i % c === 0 ? 1 : 0));
  const gateUp = Array.from({ length: e * 2 * f * c }, (_, i) =>
    i % c === 0 ? (pairs[(i / c) % (2 * f)] ?? 0) : 0.25,
  );
  return {
    ...item,
    inputs: { ...inputs, x: { shape: [t, c], values: x }, gateUp: { shape: [e * 2 * f, c], values: gateUp } },
  };
}

/** Cases of the gradients of a layer of experts. */
export const expertsBackwardCases: CaseTable<
  Inputs,
  Results,
  ExpertsBackwardOptions,
  keyof typeof expertsBackward.variants
> = {
  op: "moe/experts-backward",
  variants: variantsOf(expertsBackward),
  reference: (inputs, { activation = "swiglu", capacity }) => {
    const count = (inputs.down.shape[0] ?? 0) / (inputs.x.shape[1] ?? 1);
    const chosen = capacity === undefined ? inputs : limitCapacity({ experts: inputs.experts }, { count, capacity });
    const { dgateUpBias, ddownBias, ...found } = mixtureBackward(
      { ...inputs, experts: chosen.experts },
      { activation },
    );
    return { ...found, ...(inputs.gateUpBias ? { dgateUpBias } : {}), ...(inputs.downBias ? { ddownBias } : {}) };
  },
  run: (gpu, tensors, { into: _, ...options }, variant) =>
    expertsBackward(gpu, tensors, { ...options, variant }) as Required<ReturnType<typeof expertsBackward>>,
  canaries: false,
  cases: [
    backwardCase("one of everything", { t: 1, e: 1, k: 1, c: 4, f: 4 }),
    backwardCase(
      "five tokens, an expert without tokens",
      { t: 5, e: 4, k: 2, c: 12, f: 20 },
      { choices: [2, 0, 0, 3, 2, 0, 0, 2, 3, 2] },
    ),
    backwardCase("all tokens to one expert", { t: 70, e: 8, k: 1, c: 8, f: 12 }, { choices: new Array(70).fill(5) }),
    backwardCase("one expert, a whole block", { t: 32, e: 1, k: 1, c: 8, f: 4 }),
    backwardCase("several blocks, columns past a workgroup's", { t: 67, e: 4, k: 2, c: 68, f: 76 }),
    backwardCase("a prime number of experts", { t: 32, e: 31, k: 4, c: 16, f: 8 }),
    backwardCase("every expert for every token", { t: 3, e: 6, k: 6, c: 20, f: 4 }),
    backwardCase("choices without an expert", { t: 4, e: 3, k: 2 }, { choices: [3, 0, 3, 3, 1, 7, 2, 0] }),
    backwardCase("with biases", { t: 13, e: 5, k: 2, c: 36, f: 28 }, { biased: true }),
    backwardCase("clamped, with biases", { t: 9, e: 4, k: 2 }, { biased: true, options: clamped }),
    backwardCase("clamped where it bites", { t: 9, e: 4, k: 2 }, { by: 8, options: clamped }),
    atTheLimits(),
    backwardCase(
      "full experts: slots past the capacity are dropped",
      { t: 19, e: 3, k: 2, c: 12, f: 8 },
      { options: { capacity: 5 } },
    ),
    backwardCase(
      "dropped slots, with biases",
      { t: 19, e: 3, k: 2, c: 12, f: 8 },
      { biased: true, options: { capacity: 4, ...clamped } },
    ),
    backwardCase("f16", { t: 6, e: 4, k: 2, c: 8, f: 12 }, { dtype: "f16" }),
    backwardCase("bf16", { t: 12, e: 4, k: 2, c: 8, f: 12 }, { dtype: "bf16" }),
    backwardCase("Q8_0", { t: 12, e: 4, k: 2, c: 32, f: 64 }, { dtype: "q8_0" }),
    backwardCase(
      "a width that is not a multiple of 4",
      { t: 3, e: 2, k: 1, c: 6, f: 8 },
      { refusedBy: ["naive", "registers"] },
    ),
  ],
};

/**
 * Logits beyond the first that a team of threads reads, so far above them that exponentials overflow unless it sees
 * them.
 */
const farLogits: (typeof routeCases.cases)[number] = {
  name: "the last logits far above the others",
  inputs: { logits: { shape: [2, 40], values: normal(80, 15).map((x, i) => (i % 40 < 37 ? x : x + 200)) } },
  options: { k: 2, scores: "softmax", normalise: false },
};

/** The rules of routing, each with the choices that it makes and gradients of the weights. */
export const routeBackwardCases: CaseTable<
  "logits" | "experts" | "dweights",
  "dlogits",
  RoutingRule,
  keyof typeof routeBackward.variants
> = {
  op: "moe/route-backward",
  variants: variantsOf(routeBackward),
  reference: referenceOfRoute,
  run: (gpu, tensors, rule, variant) => routeBackward(gpu, tensors, { ...rule, variant }),
  cases: [...routeCases.cases, farLogits]
    .filter(({ inputs: { logits } }) => Array.from(logits.values).every(Number.isFinite))
    .map(({ name, inputs: { logits, bias }, options }) => {
      const of = (input: typeof logits) => dense(input.shape, Float64Array.from(input.values, Math.fround));
      const { experts } = route({ logits: of(logits), ...(bias ? { bias: of(bias) } : {}) }, options);
      const { shape, values } = experts;
      return {
        name,
        inputs: {
          logits,
          experts: { shape, values, dtype: "u32" as const },
          dweights: { shape, values: normal(values.length, 12) },
        },
        options,
      };
    }),
};

const statisticsCase = (
  name: string,
  [t, e, k]: readonly [number, number, number],
  scores: "softmax" | "sigmoid" = "softmax",
  size = 2,
): Case<"logits" | "experts", RouterScores> => ({
  name,
  inputs: {
    logits: { shape: [t, e], values: normal(t * e, t + e).map((x) => size * x) },
    experts: { shape: [t, k], values: randomChoices({ t, e, k }, 7), dtype: "u32" },
  },
  options: { scores },
});

const statisticsCases = [
  statisticsCase("one expert, one token", [1, 1, 1]),
  statisticsCase("three chunks, the last of two tokens", [130, 8, 2]),
  statisticsCase("a prime number of experts, more columns than threads", [67, 61, 4]),
  statisticsCase("chunks of 16, many experts", [37, 240, 3]),
  { ...statisticsCase("more experts than have room", [3, 241, 2]), refusedBy: ["shares"] },
  statisticsCase("logits far from 0", [5, 7, 2], "softmax", 90),
  statisticsCase("sigmoids", [65, 6, 3], "sigmoid"),
];

/** A router's statistics, summed over tokens. */
export const statisticsTable: CaseTable<
  "logits" | "experts",
  "sums",
  RouterScores,
  keyof typeof routerStatistics.variants
> = {
  op: "moe/balance/statistics",
  variants: variantsOf(routerStatistics),
  reference: referenceOfStatistics,
  run: (gpu, tensors, { into: _, ...options }, variant) => routerStatistics(gpu, tensors, { ...options, variant }),
  canaries: false,
  cases: statisticsCases,
};

/** The gradients of those sums. */
export const statisticsBackwardTable: CaseTable<
  "logits" | "dsums",
  "dlogits",
  RouterScores,
  keyof typeof routerStatisticsBackward.variants
> = {
  op: "moe/statistics-backward",
  variants: variantsOf(routerStatisticsBackward),
  reference: statisticsBackward,
  run: (gpu, tensors, { into: _, ...options }, variant) =>
    routerStatisticsBackward(gpu, tensors, { ...options, variant }),
  canaries: false,
  cases: statisticsCases.map(({ name, inputs: { logits }, options }) => {
    const columns = 2 * (logits.shape[1] ?? 0) + 1;
    return {
      name,
      inputs: { logits, dsums: { shape: [columns], values: normal(columns, 13) } },
      options: options ?? {},
    };
  }),
};

/** Biases after a step of balancing. */
export const balanceTable: CaseTable<"sums" | "bias", "bias", { rate: number }, "workgroup"> = {
  op: "moe/balance/bias",
  variants: ["workgroup"],
  reference: referenceOfBalance,
  run: (gpu, { sums, bias }, { rate }) => balanceBias(gpu, { sums, bias: contiguous(gpu, { x: bias }).y }, { rate }),
  canaries: false,
  cases: [
    {
      name: "above, below and at the mean",
      inputs: {
        sums: { shape: [9], values: [1, 2, 3, 4, 6, 2, 4, 4, 5] },
        bias: { shape: [4], values: [0.5, -0.25, 0, 1] },
      },
      options: { rate: 0.125 },
    },
    {
      name: "more experts than threads",
      inputs: {
        sums: { shape: [161], values: Array.from({ length: 161 }, (_, i) => (i * 37) % 11) },
        bias: { shape: [80], values: normal(80, 14) },
      },
      options: { rate: 0.001 },
    },
  ],
};
