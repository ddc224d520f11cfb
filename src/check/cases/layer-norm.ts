import { addLayerNorm, layerNorm } from "../../kernels/norm/layer-norm.ts";
import { addLayerNorm as addReference, layerNorm as reference } from "../../reference/norm.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Case, CaseTable } from "../case-table.ts";
import { addLayerNorm as addEmulation, layerNorm as emulation } from "../emulation/rows.ts";
import { allowedUlps } from "../gate.ts";
import { normal } from "../random.ts";

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
): Case => ({
  name,
  inputs: {
    x: { shape: [...leading, cols], values: normal(sizeOf(leading) * cols, 1, scale, mean) },
    weight: { shape: [cols], values: normal(cols, 2) },
    ...(bias ? { bias: { shape: [cols], values: normal(cols, 3) } } : {}),
  },
  options: { eps: 1e-5 },
});

const withResidual = (item: Case): Case => {
  const { x } = item.inputs;
  if (!x) throw new Error(`${item.name} has no x`);
  return { ...item, inputs: { ...item.inputs, residual: { shape: x.shape, values: normal(sizeOf(x.shape), 4) } } };
};

const cases = [
  shape("one element: the variance is 0", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width, no bias", [2, 5], 257, { bias: false }),
  shape("several strides a thread, two workgroups", [11], 1000),
  shape("several strides a thread, no bias", [11], 1000, { bias: false }),
  shape("a row for all threads", [3], 1028),
  shape("a row for all threads, one element a load", [2], 1031),
  shape("folds: 19 workgroups", [600], 4),
  shape("tiny values: eps matters", [3], 64, { scale: 1e-4 }),
  shape("large values", [3], 64, { scale: 1e4 }),
];

export const layerNormCases: CaseTable = {
  op: "norm/layer-norm",
  reference: (inputs, options) => ({ ...reference(inputs as never, options as never) }),
  gate: {
    emulation: (inputs, options) => ({ ...emulation(inputs as never, options as never) }),
    allowed: allowedUlps.inverseSqrt,
  },
  variants: { "layer-norm": (gpu, tensors, options) => layerNorm(gpu, tensors as never, options as never) },
  cases: [
    ...cases,
    shape("a mean far above the spread", [3], 768, { mean: 300 }),
    shape("70,000 rows, several a workgroup", [70_000], 3),
  ],
};

export const addLayerNormCases: CaseTable = {
  op: "norm/layer-norm with residual",
  reference: (inputs, options) => ({ ...addReference(inputs as never, options as never) }),
  gate: {
    emulation: (inputs, options) => ({ ...addEmulation(inputs as never, options as never) }),
    allowed: allowedUlps.inverseSqrt,
  },
  variants: { "layer-norm": (gpu, tensors, options) => addLayerNorm(gpu, tensors as never, options as never) },
  cases: cases.map(withResidual),
};
