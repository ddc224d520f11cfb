import { rmsNorm } from "../../src/kernels/norm/rms-norm.ts";
import { rmsNorm as reference } from "../../src/reference/norm.ts";
import { normal } from "../support/random.ts";
import type { Case, CaseTable } from "../support/run-cases.ts";

const shape = (name: string, leading: number[], cols: number, scale = 1): Case => {
  const rows = leading.reduce((product, size) => product * size, 1);
  return {
    name,
    inputs: {
      x: { shape: [...leading, cols], values: normal(rows * cols, 1, scale) },
      weight: { shape: [cols], values: normal(cols, 2) },
    },
    options: { eps: 1e-5 },
  };
};

export const rmsNormCases: CaseTable = {
  op: "norm/rms-norm",
  reference: (inputs, options) => ({ ...reference(inputs as never, options as never) }),
  variants: { "rms-norm": (gpu, tensors, options) => rmsNorm(gpu, tensors as never, options as never) },
  cases: [
    shape("one element", [1], 1),
    shape("ragged: 3 rows of 127", [3], 127),
    shape("two leading axes, prime width", [2, 5], 257),
    shape("several strides a thread", [4], 1000),
    shape("70,000 rows: the grid folds", [70_000], 3),
    shape("large values", [3], 64, 1e4),
    shape("tiny values: eps matters", [3], 64, 1e-4),
  ],
};
