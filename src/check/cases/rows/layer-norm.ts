import { addLayerNorm, type LayerNormOptions, layerNorm } from "../../../kernels/norm/layer-norm.ts";
import { addLayerNorm as addReference, layerNorm as reference } from "../../../reference/norm.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { addLayerNorm as addEmulation, layerNorm as emulation } from "../../emulation/rows.ts";
import { allowedUlps } from "../../gate.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "weight" | "bias?";
type Options = LayerNormOptions;

interface Spread {
  readonly scale?: number;
  readonly mean?: number;
  readonly bias?: boolean;
}

const shape = (
  name: string,
  leading: number[],
  cols: number,
  { scale = 1, mean = 0, bias = true }: Spread = {},
): Case<Inputs, Options> => ({
  name,
  inputs: {
    x: { shape: [...leading, cols], values: normal(sizeOf(leading) * cols, 1, scale, mean) },
    weight: { shape: [cols], values: normal(cols, 2) },
    ...(bias ? { bias: { shape: [cols], values: normal(cols, 3) } } : {}),
  },
  options: { eps: 1e-5 },
});

const withResidual = (item: Case<Inputs, Options>): Case<Inputs | "residual", Options> => {
  const { shape } = item.inputs.x;
  return { ...item, inputs: { ...item.inputs, residual: { shape, values: normal(sizeOf(shape), 4) } } };
};

const cases = [
  shape("one element: the variance is 0", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width, no bias", [2, 5], 257, { bias: false }),
  shape("several strides per thread, two workgroups", [11], 1000),
  shape("several strides per thread, no bias", [11], 1000, { bias: false }),
  shape("a row for all threads", [3], 1028),
  { ...shape("a row for all threads, one element per load", [2], 1031), refusedBy: ["registers"] }, // at most 1024
  shape("eight loads of a thread", [2], 3000),
  withTags(shape("folds: 10 workgroups, or 75", [300], 4), "folds"),
  shape("tiny values: eps matters", [3], 64, { scale: 1e-4 }),
  shape("large values", [3], 64, { scale: 1e4 }),
];

export const layerNormCases: CaseTable<Inputs, "y", Options, keyof typeof layerNorm.variants> = {
  op: "norm/layer-norm",
  variants: variantsOf(layerNorm),
  requires: (variant) => requirementsOf(layerNorm, variant),
  reference,
  run: (gpu, tensors, options, variant) => layerNorm(gpu, tensors, { ...options, variant }),
  gate: { emulation, allowed: () => allowedUlps.inverseSqrt },
  cases: [
    ...cases,
    shape("a mean far above the spread", [3], 768, { mean: 300 }),
    shape("70,000 rows, several per workgroup", [70_000], 3),
  ],
};

export const addLayerNormCases: CaseTable<Inputs | "residual", "sum" | "y", Options, keyof typeof layerNorm.variants> =
  {
    op: "norm/layer-norm with residual",
    variants: variantsOf(addLayerNorm),
    requires: (variant) => requirementsOf(addLayerNorm, variant),
    reference: addReference,
    run: (gpu, tensors, options, variant) => addLayerNorm(gpu, tensors, { ...options, variant }),
    gate: { emulation: addEmulation, allowed: () => allowedUlps.inverseSqrt },
    cases: cases.map(withResidual),
  };
