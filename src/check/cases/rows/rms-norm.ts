import { addRmsNorm, type RmsNormOptions, rmsNorm } from "../../../kernels/norm/rms-norm.ts";
import { addRmsNorm as addReference, rmsNorm as reference } from "../../../reference/norm.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { addRmsNorm as addEmulation, rmsNorm as emulation } from "../../emulation/rows.ts";
import { allowedUlps } from "../../gate.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "weight";
type Options = RmsNormOptions;

const shape = (name: string, leading: number[], cols: number, scale = 1): Case<Inputs, Options> => ({
  name,
  inputs: {
    x: { shape: [...leading, cols], values: normal(sizeOf(leading) * cols, 1, scale) },
    weight: { shape: [cols], values: normal(cols, 2) },
  },
  options: { eps: 1e-5 },
});

const withResidual = (item: Case<Inputs, Options>): Case<Inputs | "residual", Options> => {
  const { shape } = item.inputs.x;
  return { ...item, inputs: { ...item.inputs, residual: { shape, values: normal(sizeOf(shape), 3) } } };
};

const cases = [
  shape("one element", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width", [2, 5], 257),
  shape("several strides per thread, two workgroups", [11], 1000),
  shape("a row for all threads", [3], 1028),
  { ...shape("a row for all threads, one element per load", [2], 1031), refusedBy: ["registers"] }, // at most 1024
  shape("eight loads of a thread", [5], 2052),
  shape("per head, [b, t, h, d]", [2, 7, 3], 64),
  withTags(shape("folds: 10 workgroups, or 75", [300], 4), "folds"),
  shape("large values", [3], 64, 1e4),
  shape("tiny values: eps matters", [3], 64, 1e-4),
];

/** Squares of 5·10⁻⁸, each lost where it is added by itself to a sum of 1. */
const longRow: Case<Inputs, Options> = {
  name: "one large element in a long row",
  inputs: {
    x: { shape: [1, 131_072], values: Array.from({ length: 131_072 }, (_, i) => (i === 3 ? 1 : 2.139e-4)) },
    weight: { shape: [131_072], values: normal(131_072, 2) },
  },
  options: { eps: 0 },
  refusedBy: ["subgroups", "registers"], // rows of at most 8192, and 4096
  bounds: { results: { y: { relative: 2e-5 } } },
};

export const rmsNormCases: CaseTable<Inputs, "y", Options, keyof typeof rmsNorm.variants> = {
  op: "norm/rms-norm",
  variants: variantsOf(rmsNorm),
  requires: (variant) => requirementsOf(rmsNorm, variant),
  reference,
  run: (gpu, tensors, options, variant) => rmsNorm(gpu, tensors, { ...options, variant }),
  gate: { emulation, allowed: () => allowedUlps.inverseSqrt },
  cases: [
    ...cases,
    longRow,
    shape("70,000 rows, several per workgroup", [70_000], 3),
    shape("70,000 short rows: norms per head", [70_000], 32),
  ],
};

export const addRmsNormCases: CaseTable<Inputs | "residual", "sum" | "y", Options, keyof typeof rmsNorm.variants> = {
  op: "norm/rms-norm with residual",
  variants: variantsOf(addRmsNorm),
  requires: (variant) => requirementsOf(addRmsNorm, variant),
  reference: addReference,
  run: (gpu, tensors, options, variant) => addRmsNorm(gpu, tensors, { ...options, variant }),
  gate: { emulation: addEmulation, allowed: () => allowedUlps.inverseSqrt },
  cases: cases.map(withResidual),
};
