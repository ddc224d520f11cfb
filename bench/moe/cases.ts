import { expertsCase, expertsCases, randomChoices } from "../../src/check/cases/moe/experts.ts";
import { randomSource } from "../../src/check/random.ts";
import type { WeightType } from "../../src/index.ts";

/** The distribution of tokens over experts: uniform, Zipf's, or all to the same. */
export const routings = ["uniform", "zipf", "one"] as const;
export type Routing = (typeof routings)[number];

/** One case of experts. */
export interface MoeCase {
  readonly tokens: number;
  readonly experts: number;
  /** Choices per token. */
  readonly k: number;
  /** Model width and hidden width of an expert. */
  readonly widths: readonly [c: number, f: number];
  readonly routing: Routing;
  readonly dtype: WeightType;
}

/** The default cases, small enough for a software adapter to finish in about two minutes. */
export const standardMoeCases: readonly MoeCase[] = [
  { tokens: 1, experts: 8, k: 2, widths: [256, 256], routing: "uniform", dtype: "f32" },
  { tokens: 1, experts: 64, k: 2, widths: [256, 128], routing: "uniform", dtype: "f32" },
  { tokens: 1, experts: 64, k: 8, widths: [256, 128], routing: "uniform", dtype: "f32" },
  { tokens: 1, experts: 128, k: 8, widths: [256, 128], routing: "uniform", dtype: "f32" },
  { tokens: 8, experts: 8, k: 2, widths: [256, 256], routing: "uniform", dtype: "f32" },
  ...routings.map((routing) => ({
    tokens: 128,
    experts: 8,
    k: 2,
    widths: [256, 256] as const,
    routing,
    dtype: "f32" as const,
  })),
  { tokens: 128, experts: 8, k: 2, widths: [256, 256], routing: "uniform", dtype: "f16" },
  { tokens: 128, experts: 128, k: 8, widths: [128, 128], routing: "zipf", dtype: "f32" },
  { tokens: 512, experts: 8, k: 2, widths: [256, 256], routing: "uniform", dtype: "f32" },
  { tokens: 512, experts: 4, k: 1, widths: [256, 256], routing: "zipf", dtype: "f32" },
];

/** The case in one line: `128 tokens, 2 of 8 experts, 256×256, uniform`. */
export const moeCaseName = ({ tokens, experts, k, widths: [c, f], routing }: MoeCase): string =>
  `${tokens} token${tokens === 1 ? "" : "s"}, ${k} of ${experts} experts, ${c}×${f}, ${routing}`;

/** Each token's choices: different experts, in order of choice. */
export function choicesOf({ tokens: t, experts: e, k, routing }: MoeCase): number[] {
  if (routing === "uniform") return randomChoices({ t, e, k }, 11);
  if (routing === "one") return Array.from({ length: t }, () => Array.from({ length: k }, (_, i) => i)).flat();
  const random = randomSource(12);
  return Array.from({ length: t }, () => {
    const left = Array.from({ length: e }, (_, i) => i);
    return Array.from({ length: k }, () => {
      const total = left.reduce((sum, expert) => sum + 1 / (expert + 1), 0);
      const place = random.uniform() * total;
      let end = 0;
      const index = left.findIndex((expert) => {
        end += 1 / (expert + 1);
        return place < end;
      });
      return left.splice(index < 0 ? left.length - 1 : index, 1)[0] ?? 0;
    });
  }).flat();
}

/** How evenly the experts are used. */
export function routingFigures(given: MoeCase): {
  readonly imbalance: number;
  /** Total rows when each expert's are padded to whole blocks of this size. */
  readonly rowsInBlocks: (block: number) => number;
} {
  const choices = choicesOf(given);
  const counts = new Array<number>(given.experts).fill(0);
  for (const expert of choices) counts[expert] = (counts[expert] ?? 0) + 1;
  return {
    imbalance: (Math.max(...counts) * given.experts) / choices.length,
    rowsInBlocks: (block) => counts.reduce((sum, count) => sum + block * Math.ceil(count / block), 0),
  };
}

/** The table of experts' variants with these cases; the reference of each is computed once. */
export function moeTable(cases: readonly MoeCase[], variants: readonly string[]): typeof expertsCases {
  const items = cases.map((given) => {
    const {
      tokens: t,
      experts: e,
      k,
      widths: [c, f],
      dtype,
    } = given;
    return expertsCase(moeCaseName(given), { t, e, k, c, f }, { choices: choicesOf(given), dtype });
  });
  const known = new Map<object | undefined, ReturnType<typeof expertsCases.reference>>();
  const { gate: _, ...table } = expertsCases; // plain f32 loops take as long as the float64 ones, so only the cap is checked
  return {
    ...table,
    cases: items,
    variants: expertsCases.variants.filter((name) => variants.includes(name)),
    reference: (inputs, options) => {
      const result = known.get(options) ?? expertsCases.reference(inputs, options);
      known.set(options, result);
      return result;
    },
  };
}
