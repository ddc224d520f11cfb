import { adaptedExperts, type ExpertPart, expertParts } from "../../../kernels/moe/adapted-experts.ts";
import { type AdaptedBackwardOptions, adaptedExpertsBackward } from "../../../kernels/moe/adapted-experts-backward.ts";
import { at, type Dense, dense } from "../../../reference/dense.ts";
import { mixture } from "../../../reference/mixture/mixture.ts";
import { mixtureBackward } from "../../../reference/mixture/mixture-backward.ts";
import { type Case, type CaseTable, variantsOf } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { expertsCase } from "./experts.ts";

type Part = "gate" | "up" | "down";
type AdapterName = `${Part}${"A" | "B" | "Scale"}`;
type Inputs = "x" | "experts" | "weights" | "gateUp" | "down" | `${AdapterName}?`;
type Results = "dx" | "dweights" | `d${Part}${"A" | "B"}?`;

/** The tensors of a layer with adapters, in float64. */
type AdaptedDense = Readonly<Record<"x" | "experts" | "weights" | "gateUp" | "down", Dense>> & {
  readonly [N in AdapterName]?: Dense | undefined;
};

/** A part's matrices, and the index of an output's row among the rows of all experts. */
function lowRank(tensors: AdaptedDense, part: ExpertPart) {
  const [a, b, scale] = [tensors[`${part}A`], tensors[`${part}B`], tensors[`${part}Scale`]];
  if (!a || !b || !scale) return undefined;
  const [c = 0, f = 0] = [tensors.x.shape[1], tensors.down.shape[1]];
  const [rank = 0, inputs = 0, outputs] = [b.shape[1], a.shape[1], part === "down" ? c : f];
  const experts = (b.shape[0] ?? 0) / outputs;
  const rowOf = (expert: number, output: number) =>
    part === "down" ? expert * c + output : 2 * (expert * f + output) + (part === "up" ? 1 : 0);
  return { a, b, scale: at(scale.values, 0), rank, inputs, outputs, experts, rowOf };
}

/** The matrices with their adapters added: W + scale · B · A of each expert. */
export function mergedExperts(tensors: AdaptedDense): Pick<AdaptedDense, "gateUp" | "down"> {
  const { gateUp, down } = tensors;
  const merged = { gateUp: dense(gateUp.shape, gateUp.values), down: dense(down.shape, down.values) };
  for (const part of expertParts) {
    const one = lowRank(tensors, part);
    if (!one) continue;
    const { values } = part === "down" ? merged.down : merged.gateUp;
    for (let row = 0; row < one.experts * one.outputs; row++) {
      const expert = Math.floor(row / one.outputs);
      const own = one.rowOf(expert, row % one.outputs) * one.inputs;
      for (let i = 0; i < one.rank; i++) {
        const by = one.scale * at(one.b.values, row * one.rank + i);
        const from = (expert * one.rank + i) * one.inputs;
        for (let column = 0; column < one.inputs; column++) {
          values[own + column] = at(values, own + column) + by * at(one.a.values, from + column);
        }
      }
    }
  }
  return merged;
}

/** The gradients of the layer: of merged matrices, and from these those of A and B. */
export function adaptedBackward(tensors: AdaptedDense & { readonly dy: Dense }): Record<string, Dense> {
  const { dy, x, experts, weights } = tensors;
  const whole = mixtureBackward({ x, experts, weights, ...mergedExperts(tensors), dy }, { activation: "swiglu" });
  const found: Record<string, Dense> = { dx: whole.dx, dweights: whole.dweights };
  for (const part of expertParts) {
    const one = lowRank(tensors, part);
    if (!one) continue;
    const { values } = part === "down" ? whole.ddown : whole.dgateUp;
    const [da, db] = [dense(one.a.shape), dense(one.b.shape)];
    for (let row = 0; row < one.experts * one.outputs; row++) {
      const expert = Math.floor(row / one.outputs);
      const own = one.rowOf(expert, row % one.outputs) * one.inputs;
      for (let i = 0; i < one.rank; i++) {
        const [up, from] = [row * one.rank + i, (expert * one.rank + i) * one.inputs];
        for (let column = 0; column < one.inputs; column++) {
          const gradient = one.scale * at(values, own + column);
          da.values[from + column] = at(da.values, from + column) + at(one.b.values, up) * gradient;
          db.values[up] = at(db.values, up) + at(one.a.values, from + column) * gradient;
        }
      }
    }
    found[`d${part}A`] = da;
    found[`d${part}B`] = db;
  }
  return found;
}

/** A case of experts with adapters of these parts. */
function adaptedCase(
  name: string,
  sizes: Parameters<typeof expertsCase>[1],
  given: Parameters<typeof expertsCase>[2] & { readonly rank?: number; readonly parts?: readonly Part[] } = {},
): Case<Inputs> {
  const { rank = 4, parts = expertParts, refusedBy, ...others } = given;
  const { inputs } = expertsCase(name, sizes, others);
  const { x, experts, weights, gateUp, down } = inputs;
  const [c = 0, f = 0] = [x.shape[1], down.shape[1]];
  const adapters = parts.flatMap((part, i) => {
    const [wide, out] = part === "down" ? [f, c] : [c, f];
    const random = (rows: number, columns: number, seed: number) => ({
      shape: [rows, columns],
      values: normal(rows * columns, seed, 1 / Math.sqrt(columns)),
    });
    return [
      [`${part}A`, random(sizes.e * rank, wide, 31 + i)],
      [`${part}B`, random(sizes.e * out, rank, 41 + i)],
      [`${part}Scale`, { shape: [1], values: [0.5 + i] }],
    ] as const;
  });
  return {
    name,
    inputs: { x, experts, weights, gateUp, down, ...Object.fromEntries(adapters) },
    ...(refusedBy ? { refusedBy } : {}),
  };
}

const cases = (refusedBy: readonly string[]) => [
  adaptedCase("one of everything", { t: 1, e: 1, k: 1, c: 4, f: 4 }),
  adaptedCase(
    "five tokens, an expert without tokens",
    { t: 5, e: 4, k: 2, c: 12, f: 20 },
    { choices: [2, 0, 0, 3, 2, 0, 0, 2, 3, 2] },
  ),
  adaptedCase("several blocks, columns past a workgroup's", { t: 67, e: 4, k: 2, c: 68, f: 76 }, { rank: 12 }),
  adaptedCase("choices without an expert", { t: 4, e: 3, k: 2 }, { choices: [3, 0, 3, 3, 1, 7, 2, 0], rank: 8 }),
  ...(["gate", "up", "down"] as const).map((part) =>
    adaptedCase(`adapters of ${part}s alone`, { t: 6, e: 3, k: 2, c: 8, f: 12 }, { parts: [part] }),
  ),
  adaptedCase("no adapters", { t: 6, e: 3, k: 2, c: 8, f: 12 }, { parts: [] }),
  adaptedCase("f16 weights", { t: 6, e: 4, k: 2, c: 8, f: 12 }, { dtype: "f16" }),
  adaptedCase("Q8_0 weights", { t: 12, e: 4, k: 2, c: 32, f: 64 }, { dtype: "q8_0", rank: 8 }),
  adaptedCase("a rank that is not a multiple of 4", { t: 3, e: 2, k: 1, c: 8, f: 8 }, { rank: 6, refusedBy }),
];

/** Cases of a layer of experts with adapters. */
export const adaptedCases: CaseTable<Inputs, "y", object, keyof typeof adaptedExperts.variants> = {
  op: "moe/adapted-experts",
  variants: variantsOf(adaptedExperts),
  reference: (inputs) => {
    const { x, experts, weights } = inputs;
    return mixture({ x, experts, weights, ...mergedExperts(inputs) }, { activation: "swiglu" });
  },
  run: (gpu, tensors, _options, variant) => ({ y: adaptedExperts(gpu, tensors, { variant }).y }),
  canaries: false,
  cases: cases(["bounded", "vector"]),
};

/** Cases of its gradients. */
export const adaptedBackwardCases: CaseTable<
  Inputs | "dy",
  Results,
  AdaptedBackwardOptions,
  keyof typeof adaptedExpertsBackward.variants
> = {
  op: "moe/adapted-experts-backward",
  variants: variantsOf(adaptedExpertsBackward),
  reference: (inputs) =>
    adaptedBackward(inputs) as Required<ReturnType<typeof mixtureBackward>> & Record<string, Dense>,
  run: (gpu, tensors, _options, variant) =>
    adaptedExpertsBackward(gpu, tensors, { variant }) as Required<ReturnType<typeof adaptedExpertsBackward>>,
  canaries: false,
  cases: cases(["naive", "registers"]).map(({ inputs, ...item }) => {
    const { shape } = inputs.x;
    return { ...item, inputs: { ...inputs, dy: { shape, values: normal((shape[0] ?? 0) * (shape[1] ?? 0), 11) } } };
  }),
};
