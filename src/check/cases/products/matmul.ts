import { packedTypes, widePart } from "../../../kernels/formats/formats.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { matmul as reference } from "../../../reference/matmul.ts";
import type { DType } from "../../../tensor/dtype.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { matmul as emulation } from "../../emulation/rows.ts";
import { inTurn as inOrder } from "../../emulation/sums.ts";
import { inTurn, wholeBlocks } from "../../packed.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "weight" | "bias?";

interface Form {
  readonly dtype?: DType;
  readonly bias?: boolean;
  readonly outliers?: boolean;
  readonly infinite?: boolean;
}

/** The variants that refuse this many rows, or rows of this length. */
export const refusers = (rows: number, k: number, dtype?: DType): string[] => [
  ...(rows > 8 || k % 4 !== 0 ? ["vector"] : []),
  ...(rows > 8 || k % (widePart(dtype, rows)?.elements ?? Number.POSITIVE_INFINITY) !== 0 ? ["vectorSubgroups"] : []),
  ...(k % 4 !== 0 ? ["register", "subgroups"] : []),
];

/**
 * x `[...leading, k]` times a weight `[n, k]`; with `outliers`, every 37th weight is 20 times as large; with
 * `infinite`, some rows of both begin with an infinity or a NaN, which must not affect the rows before them.
 */
const shape = (name: string, leading: readonly number[], k: number, n: number, form: Form = {}): Case<Inputs> => {
  const rows = leading.reduce((product, size) => product * size, 1);
  const weight = normal(n * k, 2);
  if (form.outliers) for (let i = 0; i < weight.length; i += 37) weight[i] = 20 * (weight[i] ?? 0);
  const x = normal(rows * k, 1);
  if (form.infinite) {
    x[k] = Number.POSITIVE_INFINITY;
    x[3 * k] = Number.NaN;
    weight[2 * k] = Number.NEGATIVE_INFINITY;
  }
  return {
    name,
    inputs: {
      x: { shape: [...leading, k], values: x },
      weight: { shape: [n, k], values: weight, dtype: form.dtype ?? "f32" },
      ...(form.bias ? { bias: { shape: [n], values: normal(n, 3) } } : {}),
    },
    refusedBy: refusers(rows, k, form.dtype),
  };
};

export const matmulCases: CaseTable<Inputs, "y", object, keyof typeof matmul.variants> = {
  op: "matmul",
  variants: variantsOf(matmul),
  reference,
  run: (gpu, tensors, options, variant) => matmul(gpu, tensors, { ...options, variant }),
  requires: (variant) => requirementsOf(matmul, variant),
  gate: { emulation: (inputs) => emulation(inputs, inOrder) },
  cases: [
    shape("one element", [1], 1, 1),
    shape("one vector", [1], 4, 1, { bias: true }),
    shape("odd everything", [3], 5, 7, { bias: true }),
    shape("odd k, f16: rows begin within a u32", [5], 37, 19, { dtype: "f16" }),
    shape("odd k, bf16: rows begin within a u32", [5], 37, 19, { dtype: "bf16", bias: true }),
    shape("k of 6, f16: rows begin within a vector", [2], 6, 3, { dtype: "f16", bias: true }),
    withTags(shape("one row, several workgroups", [1], 256, 771), "folds"),
    shape("one row, k of several strides and a remainder, f16", [1], 1028, 33, { dtype: "f16" }),
    shape("two rows, bf16", [2], 260, 131, { dtype: "bf16" }),
    shape("three rows of two axes, f16 with bias", [1, 3], 68, 67, { dtype: "f16", bias: true }),
    shape("five rows, bf16 with bias", [5], 516, 65, { dtype: "bf16", bias: true }),
    withTags(shape("eight rows of two axes", [2, 4], 128, 200, { bias: true }), "folds"),
    withTags(shape("ragged tiles of every kind", [37], 52, 73, { bias: true }), "folds"),
    withTags(shape("ragged tiles, f16", [33], 20, 65, { dtype: "f16" }), "folds"),
    withTags(shape("ragged tiles, bf16", [31], 124, 63, { dtype: "bf16" }), "folds"),
    shape("whole tiles", [64], 64, 128),
    shape("more rows than the registers of a subgroup hold", [79], 36, 37, { bias: true }),
    shape("prime lengths", [41], 127, 83, { bias: true }),
    shape("70,000 rows", [70_000], 4, 3),
    shape("70,000 columns", [1], 4, 70_000, { dtype: "bf16" }),
    shape("infinities and NaN stay in their rows", [5], 20, 7, { infinite: true }),
    shape("infinities and NaN stay in their rows, odd k", [5], 21, 7, { infinite: true, bias: true }),
    ...packedTypes.flatMap((dtype, i) =>
      inTurn(i, [
        shape(`${i === 0 ? "five" : "three"} rows, ${dtype} with bias`, [i === 0 ? 5 : 3], wholeBlocks(dtype, 96), 19, {
          dtype,
          bias: true,
        }),
        shape(`one row, k of several strides, ${dtype}`, [1], wholeBlocks(dtype, 1056), 33, { dtype }),
        shape(`ragged tiles, ${dtype}`, [33], wholeBlocks(dtype, 160), 65, { dtype }),
      ]),
    ),
    shape("outliers x20", [13], 512, 48, { outliers: true }),
    shape("outliers x20, one row, f16", [1], 768, 40, { outliers: true, dtype: "f16" }),
  ],
};
