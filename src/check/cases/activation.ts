import type { Gpu } from "../../gpu/gpu.ts";
import { geglu, gelu, geluTanh, quickGelu, silu, swiglu } from "../../kernels/elementwise/activation.ts";
import * as reference from "../../reference/activation.ts";
import type { Dense } from "../../reference/dense.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Case, CaseTable } from "../case-table.ts";
import { activationGates } from "../emulation/activation.ts";
import { normal } from "../random.ts";

const every = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

const values: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: ArrayLike<number> }>> = {
  "one element": { shape: [1], values: [0.7] },
  "a scalar": { shape: [], values: [-0.3] },
  "ragged: 3 × 127": { shape: [3, 127], values: normal(3 * 127, 1) },
  "folds: 10 workgroups, four a step": { shape: [2, 5, 256], values: normal(2 * 5 * 256, 2, 3) },
  "70,000 elements, one a step": { shape: [70_001], values: normal(70_001, 3, 2) },
  "-4 to 4 finely": { shape: [8001], values: every(-4, 4, 0.001) },
  "the left tail alone": { shape: [1201], values: every(-12, -3, 0.0075) },
  "the far left tail alone": { shape: [161], values: every(-12, -8, 0.025) },
  "large values: exp and tanh would overflow": {
    shape: [16],
    values: [1e30, -1e30, 1e20, -1e20, 1e10, -1e10, 1000, -1000, 100, -100, 89, -89, 44, -44, 3e38, -3e38],
  },
  "zeros and tiny values": { shape: [8], values: [0, -0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-5, -1e-5] },
  "NaN and infinities": {
    shape: [8],
    values: [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2, -2, 0, Number.NaN],
  },
};

const plain: Case[] = Object.entries(values).map(([name, x]) => ({ name, inputs: { x } }));

const gated: Case[] = Object.entries(values)
  .filter(([name]) => name !== "NaN and infinities" && name !== "a scalar")
  .map(([name, gate]) => ({
    name,
    inputs: { gate, up: { shape: gate.shape, values: normal(sizeOf(gate.shape), 9) } },
  }));

type Op = (gpu: Gpu, tensors: never, options: never) => { readonly y: Tensor };

const table = (
  op: keyof typeof activationGates,
  variant: string,
  run: Op,
  expected: (x: never) => { y: Dense },
  cases: Case[],
): CaseTable => ({
  op,
  reference: (inputs) => expected(inputs as never),
  gate: activationGates[op],
  variants: { [variant]: (gpu, tensors, options) => ({ ...run(gpu, tensors as never, options as never) }) },
  cases,
});

export const activationCases: readonly CaseTable[] = [
  table("gelu", "map", gelu, reference.gelu, plain),
  table("geluTanh", "map", geluTanh, reference.geluTanh, plain),
  table("silu", "map", silu, reference.silu, plain),
  table("quickGelu", "map", quickGelu, reference.quickGelu, plain),
  table("swiglu", "gated", swiglu, reference.swiglu, gated),
  table("geglu", "gated", geglu, reference.geglu, gated),
];
