import { packedTypes, widePart } from "../../../kernels/formats/formats.ts";
import { type ProjectionOptions, projection } from "../../../kernels/matmul/projection.ts";
import { geglu, swiglu } from "../../../reference/activation.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { add } from "../../../reference/elementwise.ts";
import { matmul } from "../../../reference/matmul.ts";
import { rmsNorm } from "../../../reference/norm.ts";
import type { DType } from "../../../tensor/dtype.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf } from "../../case-table.ts";
import { activationGates } from "../../emulation/activation.ts";
import * as emulated from "../../emulation/rows.ts";
import { inTurn } from "../../emulation/sums.ts";
import { allowedUlps } from "../../gate.ts";
import type { Named } from "../../named.ts";
import { wholeBlocks } from "../../packed.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "weight" | "bias?" | "norm?" | "residual?";

interface Form extends ProjectionOptions {
  readonly dtype?: DType;
  readonly bias?: boolean;
  readonly norm?: boolean;
  readonly residual?: boolean;
  readonly refusedBy?: readonly ["fused"];
}

/** x `[...leading, k]`, n results for each row. */
const shape = (
  name: string,
  leading: readonly number[],
  k: number,
  n: number,
  form: Form = {},
): Case<Inputs, ProjectionOptions> => {
  const { dtype = "f32", bias, norm, residual, refusedBy, eps, gate } = form;
  const rows = leading.reduce((product, size) => product * size, 1);
  const m = gate ? 2 * n : n;
  return {
    name,
    inputs: {
      x: { shape: [...leading, k], values: normal(rows * k, 1, norm ? 3 : 1) },
      weight: { shape: [m, k], values: normal(m * k, 2, 1 / Math.sqrt(k)), dtype },
      ...(bias ? { bias: { shape: [m], values: normal(m, 3) } } : {}),
      ...(norm ? { norm: { shape: [k], values: normal(k, 4, 0.3, 1) } } : {}),
      ...(residual ? { residual: { shape: [...leading, n], values: normal(rows * n, 5) } } : {}),
    },
    options: { ...(eps === undefined ? {} : { eps }), ...(gate ? { gate } : {}) },
    ...(refusedBy ? { refusedBy } : {}),
  };
};

/** The halves of the last axis. */
function halves({ shape, values }: Dense): { gate: Dense; up: Dense } {
  const n = (shape.at(-1) ?? 0) / 2;
  const half = (offset: number) =>
    dense(
      [...shape.slice(0, -1), n],
      values.filter((_, i) => Math.floor(i / n) % 2 === offset),
    );
  return { gate: half(0), up: half(1) };
}

type Steps = Pick<typeof emulated, "rmsNorm"> & {
  readonly matmul: (tensors: { x: Dense; weight: Dense; bias?: Dense | undefined }) => { y: Dense };
  readonly silu: (tensors: { gate: Dense; up: Dense }) => { y: Dense };
  readonly geluTanh: (tensors: { gate: Dense; up: Dense }) => { y: Dense };
  readonly add: (tensors: { a: Dense; b: Dense }) => { y: Dense };
};

/** The chain of these steps. */
const chainOf =
  (steps: Steps) =>
  ({ x, weight, bias, norm, residual }: Named<Inputs, Dense>, { eps = 0, gate }: ProjectionOptions): { y: Dense } => {
    const normed = norm ? steps.rmsNorm({ x, weight: norm }, { eps }).y : x;
    let { y } = steps.matmul({ x: normed, weight, bias });
    if (gate) y = steps[gate === "silu" ? "silu" : "geluTanh"](halves(y)).y;
    return { y: residual ? steps.add({ a: residual, b: y }).y : y };
  };

const sums = ({ a, b }: { a: Dense; b: Dense }) => ({
  y: dense(
    a.shape,
    a.values.map((value, i) => Math.fround(value + (b.values[i] ?? 0))),
  ),
});

export const projectionCases: CaseTable<Inputs, "y", ProjectionOptions, keyof typeof projection.variants> = {
  op: "projection",
  variants: variantsOf(projection),
  reference: chainOf({ rmsNorm, matmul, silu: swiglu, geluTanh: geglu, add }),
  run: (gpu, tensors, options, variant) => projection(gpu, tensors, { ...options, variant }),
  requires: (variant) => requirementsOf(projection, variant),
  gate: {
    emulation: chainOf({
      rmsNorm: emulated.rmsNorm,
      matmul: (tensors) => emulated.matmul(tensors, inTurn),
      silu: (tensors) => activationGates.swiglu.emulation(tensors, {}, inTurn),
      geluTanh: (tensors) => activationGates.geglu.emulation(tensors, {}, inTurn),
      add: sums,
    }),
    allowed: () => allowedUlps.inverseSqrt,
  },
  cases: [
    shape("one vector", [1], 32, 8, { norm: true, eps: 1e-5 }), // of a single result there is no mean error
    shape("nothing around it", [2], 64, 37),
    shape("a norm before q, k and v with biases, f16", [1], 96, 131, {
      dtype: "f16",
      norm: true,
      bias: true,
      eps: 1e-6,
    }),
    shape("a norm of three rows of two axes, bf16", [1, 3], 72, 67, { dtype: "bf16", norm: true, eps: 1e-5 }),
    shape("a norm of eight rows", [8], 100, 33, { norm: true, bias: true, eps: 1e-5 }),
    shape("added to the residual stream, f16", [1], 288, 96, { dtype: "f16", residual: true }),
    shape("added to the residual stream, five rows with bias", [5], 64, 35, { residual: true, bias: true }),
    shape("gate and up after a norm, f16", [1], 96, 41, { dtype: "f16", norm: true, gate: "silu", eps: 1e-5 }),
    shape("gate and up with biases, two rows of bf16", [2], 40, 70, { dtype: "bf16", bias: true, gate: "gelu-tanh" }),
    ...packedTypes.map((dtype) =>
      shape(`gate and up after a norm, ${dtype}`, [2], wholeBlocks(dtype, 96), 37, {
        dtype,
        norm: true,
        gate: "silu",
        eps: 1e-5,
        ...(widePart(dtype, 2) ? {} : { refusedBy: ["fused"] }),
      }),
    ),
    shape("more rows than a step has", [9], 32, 12, { norm: true, residual: true, eps: 1e-5, refusedBy: ["fused"] }),
    shape("f16 with k of 4", [1], 20, 12, { dtype: "f16", norm: true, eps: 1e-5, refusedBy: ["fused"] }),
    shape("gated, then added", [2], 32, 12, { gate: "silu", residual: true, refusedBy: ["fused"] }),
  ],
};
