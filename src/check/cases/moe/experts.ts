import { packedTypes } from "../../../kernels/formats/formats.ts";
import { type ExpertsOptions, experts } from "../../../kernels/moe/experts.ts";
import { mixture as reference } from "../../../reference/mixture/mixture.ts";
import { limitCapacity } from "../../../reference/mixture/routing.ts";
import { type DType, isPlain } from "../../../tensor/dtype.ts";
import { type Case, type CaseInput, type CaseTable, requirementsOf, variantsOf } from "../../case-table.ts";
import { wholeBlocks } from "../../packed.ts";
import { normal, randomSource } from "../../random.ts";

type Inputs = "x" | "experts" | "weights" | "gateUp" | "down" | "gateUpBias?" | "downBias?";

interface Sizes {
  readonly t: number;
  readonly e: number;
  readonly k: number;
  readonly c?: number;
  readonly f?: number;
}

/** Different experts for each choice of a token, at random. */
export function randomChoices({ t, e, k }: Sizes, seed = 1): number[] {
  const random = randomSource(seed);
  return Array.from({ length: t }, () => {
    const left = Array.from({ length: e }, (_, i) => i);
    return Array.from({ length: k }, () => left.splice(random.integer(left.length), 1)[0] ?? 0);
  }).flat();
}

/** An input whose values are made only when read: making those of all cases takes more than a second. */
function small(shape: readonly [number, number], seed: number, by: number, dtype: DType = "f32"): CaseInput {
  let made: Float64Array | undefined;
  return {
    shape,
    dtype,
    get values() {
      made ??= normal(shape[0] * shape[1], seed).map((x) => x * by);
      return made;
    },
  };
}

/** A layer of experts with distinct non-zero weights; `choices` replaces random ones. */
export function expertsCase(
  name: string,
  sizes: Sizes,
  given: {
    readonly choices?: readonly number[];
    readonly dtype?: DType;
    readonly biased?: boolean;
    /** Factor of x. */
    readonly by?: number;
    readonly options?: ExpertsOptions;
    readonly refusedBy?: readonly string[];
  } = {},
): Case<Inputs, ExpertsOptions> {
  const { t, e, k, c = 32, f = 48 } = sizes;
  const { choices = randomChoices(sizes, t + e), dtype = "f32", biased, by = 1, options = {}, refusedBy = [] } = given;
  const random = randomSource(3);
  const inputs = {
    x: small([t, c], 1, by),
    experts: { shape: [t, k], values: choices, dtype: "u32" as const },
    weights: { shape: [t, k], values: Array.from({ length: t * k }, () => 0.1 + random.uniform()) },
    gateUp: small([2 * e * f, c], 4, 1 / Math.sqrt(c), dtype),
    down: small([e * c, f], 5, 1 / Math.sqrt(f), dtype),
    ...(biased
      ? {
          gateUpBias: { shape: [2 * e * f], values: normal(2 * e * f, 6) },
          downBias: { shape: [e * c], values: normal(e * c, 7) },
        }
      : {}),
  };
  // The loop takes the number of slots of each expert, and reads each expert's weights as a view of all.
  const counts = Array.from({ length: e }, (_, expert) => choices.filter((choice) => choice === expert).length);
  const even = c % 64 === 0 && f % 128 === 0 && isPlain(dtype);
  const looped = even && !biased && choices.every((choice) => choice < e);
  return { name, inputs, options: { ...options, counts }, refusedBy: [...refusedBy, ...(looped ? [] : ["loop"])] };
}

/** The call of an op whose variants need only tensors. */
export const expertsCases: CaseTable<Inputs, "y", ExpertsOptions, keyof typeof experts.variants> = {
  op: "moe/experts",
  variants: variantsOf(experts),
  reference: (inputs, { activation = "swiglu", capacity }) => {
    const count = (inputs.down.shape[0] ?? 0) / (inputs.x.shape[1] ?? 1);
    const chosen = capacity === undefined ? inputs : limitCapacity({ experts: inputs.experts }, { count, capacity });
    return { y: reference({ ...inputs, experts: chosen.experts }, { activation }).y };
  },
  run: (gpu, tensors, { into: _, ...options }, variant) => {
    const { y } = experts(gpu, tensors, { ...options, variant });
    return { y };
  },
  requires: (variant) => requirementsOf(experts, variant),
  canaries: false,
  cases: [
    expertsCase("one of everything", { t: 1, e: 1, k: 1, c: 4, f: 4 }),
    expertsCase(
      "five tokens, an expert without tokens",
      { t: 5, e: 4, k: 2 },
      {
        choices: [2, 0, 0, 3, 2, 0, 0, 2, 3, 2],
      },
    ),
    expertsCase("Mixtral's eight", { t: 17, e: 8, k: 2 }),
    expertsCase("several blocks, columns past a workgroup's", { t: 129, e: 4, k: 2, c: 68, f: 76 }),
    expertsCase("one token, most experts without tokens", { t: 1, e: 128, k: 8, c: 8, f: 12 }),
    expertsCase("all tokens to one expert", { t: 70, e: 8, k: 1 }, { choices: new Array(70).fill(5) }),
    expertsCase("every expert for every token", { t: 3, e: 6, k: 6 }),
    expertsCase("a prime number of experts", { t: 32, e: 31, k: 4, c: 16, f: 8 }),
    expertsCase("choices without an expert", { t: 4, e: 3, k: 2 }, { choices: [3, 0, 3, 3, 1, 7, 2, 0] }),
    expertsCase(
      "clamped, with biases",
      { t: 9, e: 4, k: 2 },
      {
        biased: true,
        options: { activation: "clamped-swiglu" },
      },
    ),
    expertsCase("clamped where it bites", { t: 9, e: 4, k: 2 }, { by: 8, options: { activation: "clamped-swiglu" } }),
    expertsCase("widths that a loop takes", { t: 23, e: 5, k: 2, c: 64, f: 128 }),
    expertsCase("f16", { t: 6, e: 4, k: 2 }, { dtype: "f16" }),
    expertsCase("bf16", { t: 12, e: 4, k: 2 }, { dtype: "bf16" }),
    ...packedTypes.flatMap((dtype, i) => {
      const [c, f] = [wholeBlocks(dtype, 64), wholeBlocks(dtype, 96)];
      const options = { activation: "clamped-swiglu" } as const;
      const e = c > 64 ? 2 : 4;
      return [
        expertsCase(`${dtype}`, { t: 12, e, k: 2, c, f }, { dtype }),
        expertsCase(
          `one token, ${dtype}, with biases`,
          { t: 1, e: 2 * e, k: e, c, f },
          { dtype, biased: true, options },
        ),
      ].filter((_, at) => i === 0 || i % 2 === at);
    }),
    expertsCase(
      "a capacity: the last are dropped",
      { t: 40, e: 4, k: 2 },
      {
        options: { capacity: 13 },
        refusedBy: ["vector", "dense"],
      },
    ),
    expertsCase(
      "a width that is not a multiple of 4",
      { t: 3, e: 2, k: 1, c: 6, f: 8 },
      {
        refusedBy: ["grouped", "bounded", "subgroups", "vector", "dense"],
      },
    ),
  ],
};
