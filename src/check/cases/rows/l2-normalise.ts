import { type L2NormaliseOptions, l2Normalise } from "../../../kernels/norm/l2-normalise.ts";
import { l2NormaliseBackward } from "../../../kernels/norm/l2-normalise-backward.ts";
import * as reference from "../../../reference/norm.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf } from "../../case-table.ts";
import { normal } from "../../random.ts";

const shape = (
  name: string,
  leading: readonly number[],
  cols: number,
  { scale = 1, eps, along = false }: { scale?: number; eps?: number; along?: boolean } = {},
): Case<"x" | "dy", L2NormaliseOptions> => {
  const like = [...leading, cols];
  const x = normal(sizeOf(like), 1, scale);
  const drawn = normal(sizeOf(like), 2);
  return {
    name,
    inputs: { x: { shape: like, values: x }, dy: { shape: like, values: along ? x : drawn } },
    options: eps === undefined ? {} : { eps },
  };
};

const cases = [
  shape("two elements", [1], 2),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width", [2, 5], 257),
  shape("vectors of texts", [9], 384),
  { ...shape("one element a load", [2], 1031), refusedBy: ["registers"] }, // at most 1024
  shape("large values", [3], 64, { scale: 1e4 }),
  shape("tiny values: eps matters", [3], 64, { scale: 1e-4, eps: 1e-3 }),
];

const zeros: Case<"x" | "dy", L2NormaliseOptions> = {
  name: "a row of zeros stays one",
  inputs: {
    x: { shape: [2, 8], values: [...new Array(8).fill(0), ...normal(8, 3)] },
    dy: { shape: [2, 8], values: normal(16, 4) },
  },
};

/** Rows of length 1. */
export const l2NormaliseCases: CaseTable<"x", "y", L2NormaliseOptions, keyof typeof l2Normalise.variants> = {
  op: "norm/l2-normalise",
  variants: variantsOf(l2Normalise),
  requires: (variant) => requirementsOf(l2Normalise, variant),
  reference: reference.l2Normalise,
  run: (gpu, tensors, options, variant) => l2Normalise(gpu, tensors, { ...options, variant }),
  cases: [...cases, zeros].map(({ inputs: { x }, ...item }) => ({ ...item, inputs: { x } })),
};

/** Their gradients. */
export const l2NormaliseBackwardCases: CaseTable<
  "x" | "dy",
  "dx",
  L2NormaliseOptions,
  keyof typeof l2NormaliseBackward.variants
> = {
  op: "norm/l2-normalise-backward",
  variants: variantsOf(l2NormaliseBackward),
  requires: (variant) => requirementsOf(l2NormaliseBackward, variant),
  reference: reference.l2NormaliseBackward,
  run: (gpu, tensors, options, variant) => l2NormaliseBackward(gpu, tensors, { ...options, variant }),
  cases: [...cases, zeros],
};
